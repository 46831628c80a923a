using System.Globalization;
using System.Text;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Git.GitHub;
using Portal.Core.Releases;

namespace Portal.Core.Triggers.Reports;

/// <summary>What a commit's readers are told of a build and of a release: pure, from what Portal knows now.</summary>
internal static class ReportWords
{
    /// <summary>How the names of Portal's own checks and statuses begin.</summary>
    public const string ContextPrefix = "portal: ";

    private const int MaxEvidence = 3_000;

    /// <param name="Team">Slug.</param>
    /// <param name="App">Slug.</param>
    /// <param name="Environment">Slug.</param>
    /// <param name="Address">Where it answers.</param>
    /// <param name="Portal">Portal's own address.</param>
    internal sealed record Place(string Team, string App, string Environment, string Address, string Portal, bool IsTransient)
    {
        public bool IsProduction => Environment == Addresses.Production;

        /// <summary>"portal: shop/hello", "portal: shop/hello (staging)".</summary>
        public string Check => $"{ContextPrefix}{Team}/{App}{(IsProduction ? "" : $" ({Environment})")}";

        /// <summary>"production – hello": two apps of one repository do not end each other's.</summary>
        public string Deployment => $"{Environment} – {App}";

        public string AppPage => $"{Portal}/{Team}/{App}";

        public string BuildPage(int number) => string.Create(CultureInfo.InvariantCulture, $"{AppPage}/builds/{number}");
    }

    /// <param name="release">The one that the build led to, if any.</param>
    public static CommitReport? Of(Place place, Build build, Release? release)
    {
        if (build.Commit is null)
        {
            return null;
        }
        var (state, title, status) = build.State switch
        {
            BuildState.Queued => (ReportState.Queued, "Waiting to be built", null),
            BuildState.Running => (ReportState.InProgress, "Building", null),
            BuildState.Failed => (ReportState.Failure, build.Reason ?? "The build failed", CoreJson.Read<Status>(build.Failure)),
            BuildState.Cancelled or BuildState.Superseded => (ReportState.Cancelled, build.Reason ?? "The build was cancelled", null),
            _ => Of(release, build),
        };
        return new CommitReport(place.Check, build.Commit, build.Id.ToString(), state, RepositoryText.Clean(title, 200), Summary(place, state, title, status), place.BuildPage(build.Number),
            build.StartedAt, release?.LiveAt ?? release?.EndedAt ?? build.EndedAt ?? build.StartedAt ?? build.QueuedAt);
    }

    public static DeploymentReport Of(Place place, Release release, int? build)
    {
        var status = CoreJson.Read<Status>(release.Failure);
        var (state, text) = release.State switch
        {
            ReleaseState.Pending => (ReportState.Queued, $"v{release.Version} waits to be started"),
            ReleaseState.RollingOut => (ReportState.InProgress, $"v{release.Version} starts"),
            ReleaseState.Live => (ReportState.Success, $"v{release.Version} is live"),
            ReleaseState.Superseded => (ReportState.Inactive, $"v{release.Version} was replaced"),
            ReleaseState.Failed => (ReportState.Failure, status?.Title ?? release.Reason ?? $"v{release.Version} did not start"),
            _ => (ReportState.Cancelled, release.Reason ?? $"v{release.Version} was cancelled"),
        };
        return new DeploymentReport(place.Deployment, release.Commit, release.Id.ToString(), state, text, build is { } number ? place.BuildPage(number) : $"{place.AppPage}/deploys",
            place.Address, place.IsTransient, place.IsProduction);
    }

    private static (ReportState, string, Status?) Of(Release? release, Build build) => release?.State switch
    {
        // Built, and something else is live by now.
        null when build.WaitsForChecksSince is not null => (ReportState.InProgress, build.Reason ?? "Waiting for the commit's checks", null),
        null => (build.Reason is null ? ReportState.InProgress : ReportState.Success, build.Reason ?? "Built; it is about to be released", null),
        ReleaseState.Pending or ReleaseState.RollingOut => (ReportState.InProgress, $"Starting v{release.Version}", null),
        ReleaseState.Live or ReleaseState.Superseded => (ReportState.Success, $"v{release.Version} is live", null),
        ReleaseState.Failed => (ReportState.Failure, release.Reason ?? $"v{release.Version} did not start", CoreJson.Read<Status>(release.Failure)),
        _ => (ReportState.Cancelled, release.Reason ?? $"v{release.Version} was not released", null),
    };

    private static string Summary(Place place, ReportState state, string title, Status? status)
    {
        var text = new StringBuilder();
        if (status is null)
        {
            text.Append(MarkdownText.Escape(title)).Append('.');
        }
        else
        {
            text.Append(MarkdownText.Escape(status.Title)).Append(".\n\n");
            if (status.Detail.Length > 0)
            {
                text.Append(MarkdownText.Escape(status.Detail)).Append("\n\n");
            }
            if (status.Next.Length > 0)
            {
                text.Append("**Next:** ").Append(MarkdownText.Escape(status.Next)).Append("\n\n");
            }
            if (status.Evidence.Count > 0)
            {
                var lines = string.Join('\n', status.Evidence);
                text.Append(MarkdownText.Fenced(RepositoryText.Keep(lines.Length <= MaxEvidence ? lines : lines[^MaxEvidence..], MaxEvidence)));
            }
        }
        if (state == ReportState.Success)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n\n{place.Address}");
        }
        return text.ToString();
    }
}
