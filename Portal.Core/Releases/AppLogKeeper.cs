using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;
using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Local;
using Portal.Core.Variables;

namespace Portal.Core.Releases;

/// <summary>Keeps the output of apps: secrets masked, one notice per batch, the newest lines of each environment only.</summary>
public sealed class AppLogKeeper(IDbContextFactory<PortalDbContext> contexts, VariableStore variables, LimitOptions limits, TimeProvider time)
    : ILogSink, ILogMask
{
    private const int LineChars = 8_000;
    private static readonly TimeSpan MaskLives = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Guid, (DateTimeOffset At, SecretMask Mask)> _masks = new();
    private readonly ConcurrentDictionary<Guid, int> _sinceTrim = new();

    public Task WriteAsync(Guid environment, LogLine line, CancellationToken cancellationToken) => WriteAsync(environment, [line], cancellationToken);

    /// <inheritdoc/>
    public async Task<Func<string, string>> ForAsync(Guid place, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return (await MaskAsync(db, place, cancellationToken)).Apply;
    }

    /// <summary>Lines of a place that is no environment any more are dropped.</summary>
    public async Task WriteAsync(Guid environment, IReadOnlyList<LogLine> lines, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (lines.Count == 0 || !await db.Set<AppEnvironment>().AnyAsync(e => e.Id == environment, cancellationToken))
        {
            return;
        }
        var mask = await MaskAsync(db, environment, cancellationToken);
        db.AddRange(lines.Select(l => new AppLogLine
        {
            EnvironmentId = environment,
            At = l.At,
            Instance = l.Instance,
            Process = l.Process,
            ReleaseVersion = l.Version,
            IsError = l.IsError,
            Text = mask.Apply(Clean(l.Text)),
        }));
        db.Signal(LiveTopics.AppLog, environment);
        await db.SaveChangesAsync(cancellationToken);
        if (_sinceTrim.AddOrUpdate(environment, lines.Count, (_, n) => n + lines.Count) > limits.LogLinesPerEnvironment / 10)
        {
            _sinceTrim[environment] = 0;
            var oldest = await db.Set<AppLogLine>().Where(l => l.EnvironmentId == environment).OrderByDescending(l => l.Id)
                .Skip(limits.LogLinesPerEnvironment).Select(l => (long?)l.Id).FirstOrDefaultAsync(cancellationToken);
            if (oldest is not null)
            {
                await db.Set<AppLogLine>().Where(l => l.EnvironmentId == environment && l.Id <= oldest).ExecuteDeleteAsync(cancellationToken);
            }
        }
    }

    private async Task<SecretMask> MaskAsync(PortalDbContext db, Guid environment, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_masks.TryGetValue(environment, out var known) && now - known.At < MaskLives)
        {
            return known.Mask;
        }
        var mask = new SecretMask(await variables.SecretValuesAsync(db, environment, cancellationToken));
        _masks[environment] = (now, mask);
        return mask;
    }

    private static string Clean(string text)
    {
        text = text.Replace("\0", "", StringComparison.Ordinal);
        return text.Length <= LineChars ? text : text[..LineChars] + SecretMask.Cut;
    }
}
