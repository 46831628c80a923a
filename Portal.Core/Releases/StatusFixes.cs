using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Releases;

/// <summary>
/// Performs the fix that a status offers. Only what the environment's status, its newest failed release or its newest
/// failed build offers right now is done: the id comes from a page or a caller and is not trusted. What follows is the ordinary change, with
/// its own right and its own audit entry.
/// </summary>
public sealed class StatusFixes(IDbContextFactory<PortalDbContext> contexts, EnvironmentService environments, ReleaseService releases, BuildService builds)
{
    /// <summary>Needs a value from the person: the page opens the form instead.</summary>
    public const string AddVariable = "add-variable";

    public async Task PerformAsync(Actor actor, AppPath path, string environment, string id, CancellationToken cancellationToken)
    {
        Build? lastBuild;
        Release? lastRelease;
        await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
        {
            var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.Deploy, cancellationToken);
            lastBuild = await db.Set<Build>().AsNoTracking().Where(b => b.EnvironmentId == found.Environment.Id)
                .OrderByDescending(b => b.Number).FirstOrDefaultAsync(cancellationToken);
            lastRelease = await db.Set<Release>().AsNoTracking().Where(r => r.EnvironmentId == found.Environment.Id)
                .OrderByDescending(r => r.Version).FirstOrDefaultAsync(cancellationToken);
            Status?[] statuses = [AppReader.StatusOf(found.Environment), CoreJson.Read<Status>(lastBuild?.Failure), CoreJson.Read<Status>(lastRelease?.Failure)];
            if (!statuses.Any(s => s is not null && s.Actions.Any(a => a.Id == id)))
            {
                throw PortalException.Conflict("This is not offered any more: the app's status changed meanwhile.");
            }
        }
        var (name, argument) = Split(id);
        switch (name)
        {
            case "use-port" when Number(argument) is { } port:
                await environments.UpdateAsync(actor, path, environment, new EnvironmentChange { FixedPort = port }, cancellationToken);
                break;
            case "memory" when Number(argument) is { } memory:
                await environments.UpdateAsync(actor, path, environment, new EnvironmentChange { MemoryMb = memory }, cancellationToken);
                break;
            case "rollback" when Number(argument) is { } version:
                await releases.RollBackAsync(actor, path, environment, version, cancellationToken);
                break;
            case "resume":
                await environments.ResumeAsync(actor, path, environment, cancellationToken);
                break;
            case "retry" when lastRelease is not null && (lastBuild is null || lastBuild.State == BuildState.Succeeded || lastRelease.CreatedAt > lastBuild.QueuedAt):
                await releases.RetryAsync(actor, path, environment, cancellationToken);
                break;
            case "retry":
                await builds.DeployAsync(actor, path, environment, lastBuild?.Ref, lastBuild?.Commit, cancellationToken);
                break;
            case AddVariable:
                throw PortalException.Invalid("value", $"{argument} needs a value: set it among the variables.");
            default:
                throw PortalException.Conflict("This fix is not known to this version of Portal.");
        }
    }

    /// <summary>"use-port:3000" → ("use-port", "3000").</summary>
    public static (string Name, string Argument) Split(string id)
    {
        var colon = id.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (id, "") : (id[..colon], id[(colon + 1)..]);
    }

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
