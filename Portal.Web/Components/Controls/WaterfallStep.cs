using Portal.Core.Common;

namespace Portal.Web.Components.Controls;

/// <summary>A named step of long work. Without <paramref name="From"/> it has not begun, without <paramref name="To"/> it is running.</summary>
public sealed record WaterfallStep(string Name, Severity Severity, DateTimeOffset? From, DateTimeOffset? To, string? Note = null);
