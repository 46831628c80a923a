using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Builds.Samples;
using Portal.Core.Common;
using Portal.Core.Git.Hosted;

namespace Portal.Core.Triggers;

/// <summary>Makes an app of a sample: a repository of Portal's own with the sample as its first push, which is then treated as any other.</summary>
public sealed class SampleService(AppService apps, HostedRepositories repositories, PushReceiver pushes, TimeProvider time)
{
    public async Task<CreatedApp> CreateAsync(Actor actor, string team, string? sample, NewApp request, CancellationToken cancellationToken)
    {
        var chosen = Sample.Find(sample);
        new FieldErrors()
            .Add("source.sample", chosen is null ? $"There is no sample “{sample}”; choose one of: {string.Join(", ", Sample.All.Select(s => s.Id))}." : null)
            .Add("source.kind", request.Source != SourceKind.Portal ? "A sample comes into Portal's own repository; leave kind out, or say portal." : null)
            .Add("source.directory", !string.IsNullOrEmpty(request.Directory) ? "A sample is a whole repository; leave the folder out." : null)
            .Add("source.branch", request.Branch is { Length: > 0 } and not "main" ? "A sample's branch is main; leave it out." : null)
            .ThrowIfAny();
        var created = await apps.CreateAsync(actor, team, request, cancellationToken);
        AccessPolicy.Demand(actor, Permission.PushCode, Resource.App(created.App.TeamId, created.App.Id));
        try
        {
            var update = await repositories.BeginAsync(created.App.Id, chosen!.Files, actor.Name, $"The {chosen.Title} sample", time.GetUtcNow(), cancellationToken);
            await repositories.GiveHeadAsync(created.App.Id, [update], cancellationToken);
            await pushes.RecordAsync(created.App, actor, [update], cancellationToken);
        }
        catch (PortalException failed) when (failed.Refusal == Refusal.Unavailable)
        {
            throw new PortalException(Refusal.Unavailable, $"The app {request.Name} is made, but the sample did not come into its repository. {failed.Message} Push code to it, or delete it and try again.");
        }
        return created;
    }
}
