namespace Portal.Web.Components.Layout;

/// <summary>A team that the person may look at, for the switcher.</summary>
public sealed record TeamEntry(string Slug, string Name);
