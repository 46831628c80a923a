using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Variables;

/// <summary>Add-ons of an environment: asked for here, made and removed by the worker.</summary>
public sealed class AddOnService(IDbContextFactory<PortalDbContext> contexts, AuditTrail audit, JobQueue jobs, SecretBox secrets, TimeProvider time)
{
    public const string PostgreSql = "postgresql";

    public async Task<IReadOnlyList<AddOn>> ListAsync(Actor actor, AppPath path, string environment, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.ViewApp, cancellationToken);
        return await db.Set<AddOn>().AsNoTracking().Where(a => a.EnvironmentId == found.Environment.Id).OrderBy(a => a.Kind).ToListAsync(cancellationToken);
    }

    public async Task<AddOn> CreateAsync(Actor actor, AppPath path, string environment, string kind, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.EditApp, cancellationToken);
        if (kind != PostgreSql)
        {
            throw PortalException.Invalid("kind", $"The add-on there is is “{PostgreSql}”.");
        }
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockAsync<AppEnvironment>(found.Environment.Id, cancellationToken);
        if (await db.Set<AddOn>().AnyAsync(a => a.EnvironmentId == found.Environment.Id && a.Kind == kind, cancellationToken))
        {
            throw PortalException.Conflict("The environment has a PostgreSQL database already.");
        }
        if (await db.Set<Variable>().AnyAsync(v => v.EnvironmentId == found.Environment.Id && v.Key == "DATABASE_URL" && v.Current && !v.Removed && v.ManagedBy == null, cancellationToken))
        {
            throw PortalException.Conflict("DATABASE_URL is set by hand; remove it first, the add-on sets it.");
        }
        var id = Guid.CreateVersion7(time.GetUtcNow());
        var addOn = new AddOn
        {
            Id = id,
            EnvironmentId = found.Environment.Id,
            TeamId = found.Team.Id,
            Kind = kind,
            Name = $"addon_{id:n}",
            Password = secrets.Seal(SecretPurposes.AddOn, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))),
            VariableKey = "DATABASE_URL",
            CreatedAt = time.GetUtcNow(),
            CreatedBy = actor.Name,
        };
        db.Add(addOn);
        jobs.Enqueue(db, JobOf(addOn));
        audit.Record(db, actor, "add-on.create", $"{found.Path} {kind}", found.Team.Id, found.App.Id);
        db.Signal(LiveTopics.Environment, found.Environment.Id);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return addOn;
    }

    /// <summary>Its data is lost.</summary>
    /// <param name="confirmation">The app's name, typed by the person.</param>
    public async Task RemoveAsync(Actor actor, AppPath path, string environment, Guid id, string confirmation, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.DeleteApp, cancellationToken);
        if (confirmation != found.App.Slug)
        {
            throw PortalException.Invalid("confirm", $"Type the app's name, {found.App.Slug}: the database and all its data are removed.");
        }
        var addOn = await db.Set<AddOn>().SingleOrDefaultAsync(a => a.Id == id && a.EnvironmentId == found.Environment.Id, cancellationToken)
            ?? throw PortalException.NotFound("add-on");
        addOn.State = AddOnState.Removing;
        addOn.Reason = null;
        jobs.Enqueue(db, JobOf(addOn));
        audit.Record(db, actor, "add-on.remove", $"{found.Path} {addOn.Kind}", found.Team.Id, found.App.Id);
        db.Signal(LiveTopics.Environment, found.Environment.Id);
        await db.SaveAsync(cancellationToken);
    }

    internal static JobRequest JobOf(AddOn addOn) => new(JobKinds.AddOn, addOn.Id.ToString()) { TeamId = addOn.TeamId, Lane = $"add-on:{addOn.Id}", MaxAttempts = 8 };
}
