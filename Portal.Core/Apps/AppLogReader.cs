using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Apps;

/// <summary>What of an environment's output is wanted; null or empty takes all.</summary>
public sealed record AppLogFilter
{
    /// <summary>Lines that contain this, whatever its case.</summary>
    public string? Text { get; init; }

    public string? Instance { get; init; }

    public string? Process { get; init; }

    public int? Release { get; init; }

    /// <summary>Only what was written to standard error.</summary>
    public bool ErrorsOnly { get; init; }

    public DateTimeOffset? Since { get; init; }

    public DateTimeOffset? Until { get; init; }
}

/// <summary>An environment's kept output. Follow with <c>LiveTopics.AppLog</c> and the environment's id.</summary>
public sealed class AppLogReader(IDbContextFactory<PortalDbContext> contexts)
{
    public const int MaxLines = 5_000;

    /// <summary>The newest lines, oldest first.</summary>
    public Task<IReadOnlyList<AppLogLine>> TailAsync(Actor actor, AppPath path, string environment, AppLogFilter filter, int lines, CancellationToken cancellationToken) =>
        ReadAsync(actor, path, environment, filter, q => q.OrderByDescending(l => l.Id), lines, cancellationToken);

    /// <summary>What came after the line with this id, oldest first.</summary>
    public Task<IReadOnlyList<AppLogLine>> AfterAsync(Actor actor, AppPath path, string environment, AppLogFilter filter, long after, int lines, CancellationToken cancellationToken) =>
        ReadAsync(actor, path, environment, filter, q => q.Where(l => l.Id > after).OrderBy(l => l.Id), lines, cancellationToken);

    /// <summary>The instances that wrote something that is still kept, newest first.</summary>
    public async Task<IReadOnlyList<string>> InstancesAsync(Actor actor, AppPath path, string environment, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.ViewApp, cancellationToken);
        return await db.Set<AppLogLine>().AsNoTracking().Where(l => l.EnvironmentId == found.Environment.Id)
            .GroupBy(l => l.Instance).Select(g => new { g.Key, Last = g.Max(l => l.Id) })
            .OrderByDescending(g => g.Last).Take(50).Select(g => g.Key).ToListAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<AppLogLine>> ReadAsync(Actor actor, AppPath path, string environment, AppLogFilter filter,
        Func<IQueryable<AppLogLine>, IOrderedQueryable<AppLogLine>> order, int lines, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.ViewApp, cancellationToken);
        var query = db.Set<AppLogLine>().AsNoTracking().Where(l => l.EnvironmentId == found.Environment.Id);
        if (!string.IsNullOrWhiteSpace(filter.Text))
        {
            var text = filter.Text.Trim().ToLowerInvariant();
            query = query.Where(l => l.Text.ToLower().Contains(text));
        }
        if (!string.IsNullOrEmpty(filter.Instance))
        {
            query = query.Where(l => l.Instance == filter.Instance);
        }
        if (!string.IsNullOrEmpty(filter.Process))
        {
            query = query.Where(l => l.Process == filter.Process);
        }
        if (filter.Release is { } release)
        {
            query = query.Where(l => l.ReleaseVersion == release);
        }
        if (filter.ErrorsOnly)
        {
            query = query.Where(l => l.IsError);
        }
        if (filter.Since is { } since)
        {
            query = query.Where(l => l.At >= since.ToUniversalTime());
        }
        if (filter.Until is { } until)
        {
            query = query.Where(l => l.At < until.ToUniversalTime());
        }
        var rows = await order(query).Take(Math.Clamp(lines, 1, MaxLines)).ToListAsync(cancellationToken);
        return rows.OrderBy(l => l.Id).ToList();
    }
}
