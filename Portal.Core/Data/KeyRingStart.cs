using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Core.Data;

/// <summary>
/// Loads the key ring when a host starts, one host at a time. Two hosts that start together on an empty database would
/// each make a first key and cache a ring without the other's for a day: what one seals the other could not open.
/// </summary>
internal sealed class KeyRingStart(NpgsqlDataSource source, IServiceProvider services, ILogger<KeyRingStart> logger) : IHostedService
{
    /// <summary>Of the advisory lock; any constant that nothing else uses.</summary>
    private const long Lock = 0x506F7274616C4B52;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LoadAsync(cancellationToken);
        }
        catch (NpgsqlException e)
        {
            // A gateway starts without its database too; the ring is then read when it is first needed.
            logger.LogWarning(e, "The key ring could not be read at the start");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using (var take = new NpgsqlCommand("select pg_advisory_lock($1)", connection) { Parameters = { new() { Value = Lock } } })
        {
            await take.ExecuteNonQueryAsync(cancellationToken);
        }
        // Asked for only now: making the provider may already read the ring.
        services.GetRequiredService<IDataProtectionProvider>().CreateProtector("start").Protect([1]);
        await using var give = new NpgsqlCommand("select pg_advisory_unlock($1)", connection) { Parameters = { new() { Value = Lock } } };
        await give.ExecuteNonQueryAsync(cancellationToken);
    }
}
