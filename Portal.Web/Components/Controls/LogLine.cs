using Portal.Core.Common;

namespace Portal.Web.Components.Controls;

/// <summary>One line of a build's or an app's output.</summary>
/// <param name="Number">Stable within its log, from 1; line links use it.</param>
/// <param name="Text">As printed, colours included; never encoded yet.</param>
/// <param name="Step">The build step it belongs to; null folds under no step.</param>
/// <param name="Source">The instance that printed it.</param>
/// <param name="Severity">Warning or failed lines are tinted; null leaves the app's own colours.</param>
public sealed record LogLine(long Number, string Text, DateTimeOffset? At = null, string? Step = null, string? Source = null, Severity? Severity = null);

/// <summary>What the head of a folded step says.</summary>
public sealed record LogStep(string Name, Severity Severity, DateTimeOffset? From = null, DateTimeOffset? To = null);
