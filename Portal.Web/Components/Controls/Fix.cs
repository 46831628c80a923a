namespace Portal.Web.Components.Controls;

/// <summary>Something Portal can do about a status. <paramref name="Effect"/> says what it will do before it is pressed.</summary>
public sealed record Fix(string Id, string Label, string Effect);
