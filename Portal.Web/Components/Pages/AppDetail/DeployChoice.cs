namespace Portal.Web.Components.Pages.AppDetail;

/// <summary>What to deploy by hand: the head of a branch or tag, or one commit of it.</summary>
public sealed record DeployChoice(string? Branch, string? Commit);
