namespace Portal.Web.Components.Layout;

/// <summary>One step of the way to a page; the last one is the page and has no link.</summary>
public sealed record Crumb(string Text, string? Href = null);
