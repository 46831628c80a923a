using Cronos;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Data;
using Portal.Core.Git;

namespace Portal.Core.Triggers;

/// <summary>A due minute of a schedule that was acted upon: its key lets only one worker do so.</summary>
public sealed class ScheduleRun
{
    public required Guid EnvironmentId { get; init; }

    public required DateTimeOffset Due { get; init; }
}

/// <summary>"Deploy when… schedule": five cron fields in a time zone. An hour that the clocks skip or repeat fires once.</summary>
public sealed class ScheduleRunner(IDbContextFactory<PortalDbContext> contexts, BuildService builds, TimeProvider time)
{
    /// <summary>A minute that is missed for longer, because no worker ran, is not made up for.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Remembered = TimeSpan.FromDays(2);

    /// <summary>Starts what is due; returns how many builds it asked for.</summary>
    public async Task<int> RunDueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var environments = await db.Set<AppEnvironment>().AsNoTracking()
            .Where(e => e.DeletedAt == null && e.AutoDeployPaused == null && e.Branch != null).ToListAsync(cancellationToken);
        var asked = 0;
        foreach (var environment in environments)
        {
            var due = environment.DeployOn.Where(r => r.On == DeployTrigger.Schedule)
                .Select(rule => LastDue(rule, Later(environment.CreatedAt, now - Window), now)).Max();
            if (due is { } minute && await StartAsync(environment.Id, minute, cancellationToken))
            {
                asked++;
            }
        }
        return asked;
    }

    /// <summary>Forgets runs that can no longer come twice.</summary>
    public async Task TidyAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var before = time.GetUtcNow() - Remembered;
        await db.Set<ScheduleRun>().Where(r => r.Due < before).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>The newest due minute after <paramref name="from"/> and not after <paramref name="to"/>; null when none is.</summary>
    internal static DateTimeOffset? LastDue(DeployRule rule, DateTimeOffset from, DateTimeOffset to)
    {
        if (!CronExpression.TryParse(rule.Cron ?? "", out var cron))
        {
            return null;
        }
        var zone = TimeZoneInfo.TryFindSystemTimeZoneById(rule.TimeZone is { Length: > 0 } id ? id : "UTC", out var found) ? found : TimeZoneInfo.Utc;
        DateTimeOffset? last = null;
        foreach (var due in cron.GetOccurrences(from, to, zone, fromInclusive: false, toInclusive: true))
        {
            last = due.ToUniversalTime();
        }
        return last;
    }

    private async Task<bool> StartAsync(Guid id, DateTimeOffset due, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var environment = await db.LockAsync<AppEnvironment>(id, cancellationToken);
        if (environment is not { DeletedAt: null, AutoDeployPaused: null, Branch: { } branch }
            || await db.Set<ScheduleRun>().AnyAsync(r => r.EnvironmentId == id && r.Due == due, cancellationToken))
        {
            return false;
        }
        var app = await db.Set<App>().SingleAsync(a => a.Id == environment.AppId, cancellationToken);
        db.Add(new ScheduleRun { EnvironmentId = id, Due = due });
        await builds.RequestAsync(db, new BuildRequest(app, environment, RefNames.Branches + branch, null, null, null, DeployTrigger.Schedule, "schedule"), cancellationToken);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}

internal sealed class ScheduleRunMapping : IEntityTypeConfiguration<ScheduleRun>
{
    public void Configure(EntityTypeBuilder<ScheduleRun> builder)
    {
        builder.ToTable("schedule_runs");
        builder.HasKey(r => new { r.EnvironmentId, r.Due });
        builder.HasOne<AppEnvironment>().WithMany().HasForeignKey(r => r.EnvironmentId).OnDelete(DeleteBehavior.Cascade);
    }
}
