using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Data;

namespace Portal.Core.Jobs;

/// <summary>What a host found out about the machine that it runs on.</summary>
public interface IHostFindings
{
    /// <summary>Why builds and apps are not isolated from each other here, in one sentence for people; null: they are.</summary>
    string? NotIsolated { get; }
}

/// <summary>Says every few seconds that this host runs, and takes the word back when it stops.</summary>
public sealed class ProcessHeartbeat(string role, IEnumerable<IHostFindings> findings, IDbContextFactory<PortalDbContext> contexts, TimeProvider time, ILogger<ProcessHeartbeat> logger)
    : BackgroundService
{
    /// <summary>How often; a process not seen for several of these is gone.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Forget = TimeSpan.FromHours(1);

    private readonly Guid _id = Guid.CreateVersion7();
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        var away = false;
        do
        {
            try
            {
                await BeatAsync(stoppingToken);
                away = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!away)
                {
                    logger.LogWarning(e, "The heartbeat could not be written");
                }
                away = true;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            await db.Set<HostProcess>().Where(h => h.Id == _id).ExecuteDeleteAsync(cancellationToken);
        }
        catch (Exception e) when (e is System.Data.Common.DbException or OperationCanceledException)
        {
            logger.LogDebug(e, "The heartbeat could not be taken back; it expires");
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var memory = Environment.WorkingSet;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var known = await db.Set<HostProcess>().Where(h => h.Id == _id)
            .ExecuteUpdateAsync(set => set.SetProperty(h => h.SeenAt, now).SetProperty(h => h.MemoryBytes, memory), cancellationToken);
        if (known > 0)
        {
            return;
        }
        var forgotten = now - Forget;
        await db.Set<HostProcess>().Where(h => h.SeenAt < forgotten).ExecuteDeleteAsync(cancellationToken);
        db.Add(new HostProcess
        {
            Id = _id,
            Role = role,
            Version = typeof(ProcessHeartbeat).Assembly.GetName().Version?.ToString(3) ?? "",
            StartedAt = _startedAt,
            SeenAt = now,
            MemoryBytes = memory,
            NotIsolated = findings.Select(f => f.NotIsolated).FirstOrDefault(reason => reason is not null),
        });
        await db.SaveChangesAsync(cancellationToken);
    }
}

public static class ProcessHeartbeatSetup
{
    /// <param name="role">"web" or "worker".</param>
    public static IServiceCollection AddProcessHeartbeat(this IServiceCollection services, string role) =>
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<ProcessHeartbeat>(provider, role));
}
