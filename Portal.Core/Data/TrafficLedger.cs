using Npgsql;
using NpgsqlTypes;

namespace Portal.Core.Data;

/// <summary>Counts to add to one minute of one environment and release.</summary>
public sealed record TrafficDelta(Guid EnvironmentId, int ReleaseVersion, DateTimeOffset Minute, long Requests, long Errors, long[] Durations)
{
    public TrafficDelta Plus(long requests, long errors, long[] durations) => this with
    {
        Requests = Requests + requests,
        Errors = Errors + errors,
        Durations = [.. Durations.Zip(durations, (a, b) => a + b)],
    };
}

/// <summary>Adds counts to <c>traffic_minutes</c>; several gateways add to the same row.</summary>
public static class TrafficLedger
{
    private const string Add = """
        insert into traffic_minutes as t (environment_id, release_version, minute, requests, errors, durations)
        select $1, $2, $3, $4, $5, $6 where exists (select 1 from environments where id = $1)
        on conflict (environment_id, minute, release_version) do update set
            requests = t.requests + excluded.requests,
            errors = t.errors + excluded.errors,
            durations = array(select coalesce(a, 0) + coalesce(b, 0) from unnest(t.durations, excluded.durations) with ordinality as d(a, b, n) order by n)
        """;

    /// <summary>All or none. An environment that is gone takes no counts.</summary>
    public static async Task AddAsync(NpgsqlDataSource source, IReadOnlyCollection<TrafficDelta> deltas, CancellationToken cancellationToken)
    {
        await using var batch = source.CreateBatch();
        // In one order, so that two gateways do not wait for each other in a circle.
        foreach (var delta in deltas.OrderBy(d => d.EnvironmentId).ThenBy(d => d.Minute).ThenBy(d => d.ReleaseVersion))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Add)
            {
                Parameters =
                {
                    new NpgsqlParameter<Guid> { TypedValue = delta.EnvironmentId },
                    new NpgsqlParameter<int> { TypedValue = delta.ReleaseVersion },
                    new NpgsqlParameter<DateTimeOffset> { TypedValue = delta.Minute },
                    new NpgsqlParameter<long> { TypedValue = delta.Requests },
                    new NpgsqlParameter<long> { TypedValue = delta.Errors },
                    new NpgsqlParameter<long[]> { TypedValue = delta.Durations, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
                },
            });
        }
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
