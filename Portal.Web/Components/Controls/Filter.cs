namespace Portal.Web.Components.Controls;

/// <summary>One drop-down of a <see cref="FilterBar"/>; its choice stands in the query string under <paramref name="Key"/>.</summary>
public sealed record Filter(string Key, string Label, IReadOnlyList<FilterOption> Options, string? Value);

public sealed record FilterOption(string Value, string Label);
