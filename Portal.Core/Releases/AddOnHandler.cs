using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Variables;

namespace Portal.Core.Releases;

/// <summary>Makes or removes one add-on, then tells the app by a release. Every step may be repeated.</summary>
internal sealed class AddOnHandler(IDbContextFactory<PortalDbContext> contexts, AddOnServer server, VariableStore variables, SecretBox secrets, IEnvironmentChanges changes) : IJobHandler
{
    private static readonly Actor Worker = Actor.Machine("add-on");

    public string Kind => JobKinds.AddOn;

    public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
    {
        var id = Guid.Parse(context.Job.Key);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var addOn = await db.Set<AddOn>().AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, cancellationToken);
        if (addOn is null || addOn.State == AddOnState.Ready)
        {
            return;
        }
        if (!server.Available)
        {
            await context.CommitAsync(async commit => Fail(commit, await commit.Set<AddOn>().SingleAsync(a => a.Id == id), "This installation offers no databases; an admin sets ConnectionStrings:AddOns."), cancellationToken);
            return;
        }
        if (addOn.State == AddOnState.Removing)
        {
            await context.CommitAsync(async commit =>
            {
                var environment = await commit.LockAsync<AppEnvironment>(addOn.EnvironmentId, cancellationToken);
                await variables.SetManagedAsync(commit, addOn.EnvironmentId, addOn.VariableKey, null, ManagedBy, cancellationToken);
                await commit.SaveChangesAsync(cancellationToken);
                if (environment is { DeletedAt: null })
                {
                    await changes.ReleaseAsync(commit, environment, Worker, $"{addOn.VariableKey} removed", cancellationToken);
                }
            }, cancellationToken);
            await server.DropAsync(addOn.Name, cancellationToken);
            await context.CommitAsync(async commit =>
            {
                await commit.Set<AddOn>().Where(a => a.Id == id).ExecuteDeleteAsync(cancellationToken);
                commit.Signal(LiveTopics.Environment, addOn.EnvironmentId);
            }, cancellationToken);
            return;
        }
        var password = secrets.Open(SecretPurposes.AddOn, addOn.Password);
        await server.CreateAsync(addOn.Name, password, cancellationToken);
        await context.CommitAsync(async commit =>
        {
            var environment = (await commit.LockAsync<AppEnvironment>(addOn.EnvironmentId, cancellationToken))!;
            await variables.SetManagedAsync(commit, addOn.EnvironmentId, addOn.VariableKey, server.UrlOf(addOn.Name, password), ManagedBy, cancellationToken);
            var row = await commit.Set<AddOn>().SingleAsync(a => a.Id == id, cancellationToken);
            row.State = AddOnState.Ready;
            row.Reason = null;
            await commit.SaveChangesAsync(cancellationToken);
            await changes.ReleaseAsync(commit, environment, Worker, $"{addOn.VariableKey} added", cancellationToken);
            commit.Signal(LiveTopics.Environment, addOn.EnvironmentId);
        }, cancellationToken);
    }

    public async Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken)
    {
        var id = Guid.Parse(job.Key);
        if (await db.Set<AddOn>().SingleOrDefaultAsync(a => a.Id == id, cancellationToken) is { } addOn)
        {
            Fail(db, addOn, reason);
        }
    }

    private const string ManagedBy = "the PostgreSQL add-on";

    private static void Fail(PortalDbContext db, AddOn addOn, string reason)
    {
        addOn.State = AddOnState.Failed;
        addOn.Reason = reason;
        db.Signal(LiveTopics.Environment, addOn.EnvironmentId);
    }
}
