using Portal.Core.Builds;
using Portal.Core.Releases;
using Portal.Core.Triggers;

namespace Portal.Web.Components.Pages.Deploys;

/// <summary>A line of the deploy list: a release, a build that became none, or a push that was not deployed.</summary>
public abstract record DeployRow(DateTimeOffset At, string Key)
{
    /// <param name="Build">The build it came from, when it is among those read.</param>
    public sealed record OfRelease(Release Release, Build? Build) : DeployRow(Release.CreatedAt, $"r{Release.Version}")
    {
        /// <summary>From the begin of its build to live; null while it is under way or when it never was.</summary>
        public TimeSpan? Took => Release.LiveAt - (Build?.QueuedAt ?? Release.CreatedAt);
    }

    public sealed record OfBuild(Build Build) : DeployRow(Build.QueuedAt, $"b{Build.Number}");

    public sealed record OfPush(PushView Push, string Reason) : DeployRow(Push.ReceivedAt, $"p{Push.Id}");
}
