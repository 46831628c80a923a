using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Core.Data;

/// <summary>
/// Change notices of the hot paths: gathered in memory after their commits and sent together, at most one transaction
/// per process and <see cref="Every"/>. One that is lost with the process costs latency only: listeners also look by themselves.
/// </summary>
public sealed class CoalescedSignals(NpgsqlDataSource source, TimeProvider time, ILogger<CoalescedSignals> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<(string Channel, string Payload), byte> _waiting = new();
    private readonly SemaphoreSlim _wake = new(0, 1);

    public void Signal(string topic, Guid key) => Wake(Signals.LiveChannel, $"{topic}:{key}");

    public void Wake(string channel, string payload = "")
    {
        if (_waiting.TryAdd((channel, payload), 0))
        {
            try
            {
                _wake.Release();
            }
            catch (SemaphoreFullException)
            {
                // Awake already.
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await _wake.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await SendAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogDebug(e, "Change notices could not be sent");
            }
            await Task.Delay(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        var keys = _waiting.Keys.ToList();
        if (keys.Count == 0)
        {
            return;
        }
        foreach (var key in keys)
        {
            _waiting.TryRemove(key, out _);
        }
        await using var command = source.CreateCommand("select pg_notify(channel, payload) from unnest($1, $2) as waiting(channel, payload)");
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = keys.Select(k => k.Channel).ToArray() });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = keys.Select(k => k.Payload).ToArray() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

public static class CoalescedSignalsSetup
{
    /// <summary>Once, however many features of a host ask for it.</summary>
    public static IServiceCollection AddCoalescedSignals(this IServiceCollection services)
    {
        if (services.All(s => s.ServiceType != typeof(CoalescedSignals)))
        {
            services.AddSingleton<CoalescedSignals>().AddHostedService(provider => provider.GetRequiredService<CoalescedSignals>());
        }
        return services;
    }
}
