using System.Text.Json;
using Microsoft.AspNetCore.Components;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Web.Components.Layout;

namespace Portal.Web.Components.Live;

/// <summary>
/// Keeps in the trail that somebody tried something on a page without the right to it, as the API does: a hidden button
/// is no check, and whoever gets past it should be seen.
/// </summary>
public sealed class RefusedActs(AuditRefusals refusals, NavigationManager navigation, ILogger<RefusedActs> logger)
{
    /// <param name="method">Of the component, such as RollBackAsync; its name without the ending is the act.</param>
    public async Task KeepAsync(Actor actor, PortalException refused, string method)
    {
        if (refused.Refusal != Refusal.Denied)
        {
            return;
        }

        var place = Place.Of(navigation.ToBaseRelativePath(navigation.Uri));
        var target = place is { Team: { } team, App: { } app } ? $"{team}/{app}" : place.Team ?? "portal";
        try
        {
            await refusals.RecordAsync(actor, Name(method), target, place.Team, refused.Message, CancellationToken.None);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Nothing was changed, so the refusal itself must not fail for want of its record.
            logger.LogWarning(e, "A refused act could not be recorded");
        }
    }

    /// <summary>"RollBackAsync" → "roll-back".</summary>
    internal static string Name(string method) =>
        JsonNamingPolicy.KebabCaseLower.ConvertName(method.EndsWith("Async", StringComparison.Ordinal) ? method[..^5] : method);
}
