using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Portal.Core.Access;
using Portal.Core.Common;

namespace Portal.Core.Audit;

/// <summary>Which entries; null or empty takes all.</summary>
public sealed record AuditFilter
{
    /// <summary>Part of the actor's name, whatever its case.</summary>
    public string? Who { get; init; }

    /// <summary>An action, or the beginning of one up to a dot: "release.rollback", "release".</summary>
    public string? Action { get; init; }

    /// <summary>A team's slug. Its maintainers may ask for it; everything is for admins and auditors.</summary>
    public string? Team { get; init; }

    /// <summary>An app's slug, together with <see cref="Team"/>.</summary>
    public string? App { get; init; }

    /// <summary>"done" or "refused".</summary>
    public string? Outcome { get; init; }

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    /// <summary>Part of actor, action, target, or of what changed.</summary>
    public string? Search { get; init; }
}

/// <summary>An entry as it is shown.</summary>
/// <param name="Number">Its place in the chain; null while it is not sealed, which takes a few seconds.</param>
/// <param name="Team">The team's slug; null when there is none, or it is gone.</param>
/// <param name="Before">JSON object of the changed fields.</param>
public sealed record AuditRow(Guid Id, long? Number, DateTimeOffset At, ActorKind ActorKind, string ActorName, Guid? UserId, string? Address, string Action,
    string? Team, string? App, string Target, string? Before, string? After, string Outcome);

/// <summary>The trail as people read it, newest first.</summary>
public sealed class AuditReader(NpgsqlDataSource source)
{
    private const string From =
        """
        from audit_entries e left join audit_seals s on s.entry_id = e.id
        left join teams t on t.id = e.team_id left join apps a on a.id = e.app_id
        """;

    public async Task<Page<AuditRow>> ListAsync(Actor actor, AuditFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        var team = await DemandAsync(actor, filter.Team, cancellationToken);
        await using var command = source.CreateCommand();
        var where = Where(command, filter, team);
        if (TimeCursor.Parse(page.After) is var last && last != TimeCursor.Start)
        {
            where.Add($"(e.at, e.id) < ({Add(command, last.At)}, {Add(command, last.Id)})");
        }
        command.CommandText =
            $"""
            select e.id, s.number, e.at, e.actor_kind, e.actor_name, e.user_id, e.address, e.action, t.slug, a.slug, e.target, e.before, e.after, e.outcome
            {From} {(where.Count == 0 ? "" : "where " + string.Join(" and ", where))}
            order by e.at desc, e.id desc limit {page.Limit + 1}
            """;
        var rows = new List<AuditRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(Read(reader));
        }
        return new Page<AuditRow>(rows.Take(page.Limit).ToList(),
            rows.Count > page.Limit ? new TimeCursor(rows[page.Limit - 1].At, rows[page.Limit - 1].Id).ToString() : null);
    }

    /// <summary>The kinds of acts that occur, for a filter to choose from.</summary>
    public async Task<IReadOnlyList<string>> ActionsAsync(Actor actor, string? team, CancellationToken cancellationToken)
    {
        var id = await DemandAsync(actor, team, cancellationToken);
        await using var command = source.CreateCommand("select distinct action from audit_entries where $1::uuid is null or team_id = $1 order by action limit 200");
        command.Parameters.Add(new NpgsqlParameter { Value = id ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var actions = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            actions.Add(reader.GetString(0));
        }
        return actions;
    }

    /// <returns>The team's id; null for the whole trail, and for a team that is gone, whose entries admins and auditors still find by its name.</returns>
    private async Task<Guid?> DemandAsync(Actor actor, string? team, CancellationToken cancellationToken)
    {
        if (team is null)
        {
            AccessPolicy.Demand(actor, Permission.ReadAudit, Resource.Platform);
            return null;
        }
        await using var command = source.CreateCommand("select id from teams where slug = $1");
        command.Parameters.AddWithValue(team);
        var id = (Guid?)await command.ExecuteScalarAsync(cancellationToken);
        if (id is null && !AccessPolicy.Allows(actor, Permission.ReadAudit, Resource.Platform))
        {
            throw PortalException.NotFound("team of this name");
        }
        AccessPolicy.Demand(actor, Permission.ReadAudit, id is { } found ? Resource.Team(found) : Resource.Platform, "team of this name");
        return id;
    }

    private static List<string> Where(NpgsqlCommand command, AuditFilter filter, Guid? team)
    {
        var where = new List<string>();
        if (filter.Team is { } slug)
        {
            // By id, so that a team that took over a name does not see its predecessor's past.
            where.Add(team is { } id ? $"e.team_id = {Add(command, id)}" : $"(e.target = {Add(command, slug)} or e.target like {Add(command, Escape(slug) + "/%")})");
            if (!string.IsNullOrEmpty(filter.App))
            {
                where.Add($"(e.target = {Add(command, $"{slug}/{filter.App}")} or e.target like {Add(command, Escape($"{slug}/{filter.App}") + " %")})");
            }
        }
        if (!string.IsNullOrWhiteSpace(filter.Who))
        {
            where.Add($"e.actor_name ilike {Add(command, Contains(filter.Who))}");
        }
        if (!string.IsNullOrWhiteSpace(filter.Action))
        {
            where.Add($"(e.action = {Add(command, filter.Action)} or e.action like {Add(command, Escape(filter.Action) + ".%")})");
        }
        if (!string.IsNullOrWhiteSpace(filter.Outcome))
        {
            where.Add($"e.outcome = {Add(command, filter.Outcome)}");
        }
        if (filter.From is { } from)
        {
            where.Add($"e.at >= {Add(command, from.ToUniversalTime())}");
        }
        if (filter.To is { } to)
        {
            where.Add($"e.at < {Add(command, to.ToUniversalTime())}");
        }
        if (!string.IsNullOrWhiteSpace(filter.Search))
        {
            var text = Add(command, Contains(filter.Search));
            where.Add($"(e.target ilike {text} or e.action ilike {text} or e.actor_name ilike {text} or e.before ilike {text} or e.after ilike {text})");
        }
        return where;
    }

    private static string Add(NpgsqlCommand command, object value)
    {
        command.Parameters.AddWithValue(value);
        return string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}");
    }

    private static string Contains(string text) => $"%{Escape(text.Trim())}%";

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);

    private static AuditRow Read(NpgsqlDataReader r)
    {
        string? Text(int i) => r.IsDBNull(i) ? null : r.GetString(i);
        return new AuditRow(r.GetGuid(0), r.IsDBNull(1) ? null : r.GetInt64(1), r.GetFieldValue<DateTimeOffset>(2), Enum.Parse<ActorKind>(r.GetString(3)),
            r.GetString(4), r.IsDBNull(5) ? null : r.GetGuid(5), Text(6), r.GetString(7), Text(8), Text(9), r.GetString(10), Text(11), Text(12), r.GetString(13));
    }
}
