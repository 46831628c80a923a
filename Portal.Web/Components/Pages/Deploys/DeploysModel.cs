using Portal.Core.Builds;
using Portal.Core.Releases;
using Portal.Core.Triggers;
using Portal.Web.Components.Pages.AppDetail;

namespace Portal.Web.Components.Pages.Deploys;

/// <summary>Heroku's list made better: releases, builds that became none, and pushes that were not deployed, in one time line.</summary>
/// <param name="Next">Cursor of older releases.</param>
public sealed record DeploysModel(AppView App, EnvironmentView Environment, AppRights Rights, IReadOnlyList<DeployRow> Rows, IReadOnlyList<Release> Releases, string? Next) : IAppModel
{
    public bool MayRollBackTo(Release release) =>
        Rights.Deploy && release.LiveAt is not null && release.Id != Environment.Live?.Id;

    /// <summary>Other environments a release can be promoted to.</summary>
    public IEnumerable<EnvironmentView> Others => App.Environments.Where(e => e.Environment.Id != Environment.Environment.Id);

    public ReleaseComparison? Compare(string? two)
    {
        var parts = two?.Split("..");
        return parts is { Length: 2 } && int.TryParse(parts[0], out var one) && int.TryParse(parts[1], out var other)
            ? ReleaseComparison.Of(Releases.FirstOrDefault(r => r.Version == one), Releases.FirstOrDefault(r => r.Version == other))
            : null;
    }

    /// <summary>One time line, newest first. What lies before the oldest release of this page belongs to the next page.</summary>
    public static IReadOnlyList<DeployRow> Merge(IReadOnlyList<Release> releases, IReadOnlyList<BuildView> builds, IReadOnlyList<PushView> pushes, string environment, bool isLastPage)
    {
        var byId = builds.ToDictionary(b => b.Build.Id, b => b.Build);
        var released = releases.Select(r => r.BuildId).ToHashSet();
        var oldest = isLastPage || releases.Count == 0 ? DateTimeOffset.MinValue : releases[^1].CreatedAt;
        var rows = new List<DeployRow>();
        rows.AddRange(releases.Select(r => new DeployRow.OfRelease(r, r.BuildId is { } id ? byId.GetValueOrDefault(id) : null)));
        rows.AddRange(builds.Where(b => !released.Contains(b.Build.Id) && b.Build.QueuedAt >= oldest).Select(b => new DeployRow.OfBuild(b.Build)));
        rows.AddRange(from push in pushes
                      where push.ReceivedAt >= oldest
                      from decision in push.Decisions
                      where !decision.Deploys && (decision.Environment == environment || decision.Environment is null)
                      select new DeployRow.OfPush(push, decision.Reason));
        return rows.OrderByDescending(r => r.At).DistinctBy(r => r.Key).ToList();
    }
}
