using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Builds.Detection;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.GitHub;
using Portal.Core.Git.Plain;

namespace Portal.Core.Builds;

/// <summary>What a repository would be built as, before there is an app.</summary>
/// <param name="Branch">The one that was looked at.</param>
/// <param name="Branches">Those it could follow, the default first.</param>
/// <param name="Message">First line of its newest commit; attacker-controlled.</param>
public sealed record SourceFinding(string Branch, string Commit, string Message, IReadOnlyList<string> Branches, BuildPlan Plan);

/// <summary>Code for which there is no app yet.</summary>
/// <param name="Url">Any git address; or:</param>
/// <param name="Repository"><c>owner/name</c> of a connected host.</param>
/// <param name="Connection">Which host; null where only one has it.</param>
/// <param name="Token">For a <paramref name="Url"/> that not everybody may read; not kept.</param>
public sealed record CodeAddress(string? Url, string? Repository = null, Guid? Connection = null, string? Token = null)
{
    public override string ToString() => $"{Url} {Repository} {Connection} {Token?.Length}";
}

/// <summary>
/// Looks at a git address and says what is found in it. Whoever may make an app may ask, <see cref="PerMinute"/> times a
/// minute, because each look makes Portal fetch from an address that a person typed.
/// </summary>
public sealed class SourceInspector(IDbContextFactory<PortalDbContext> contexts, SourceGlance glance, RepositoryDirectory directory, PortalOptions options, TimeProvider time)
{
    public const int PerMinute = 10;

    private const int Remembered = 10_000;

    private readonly ConcurrentDictionary<Guid, (long Since, int Count)> _asked = new();

    /// <exception cref="PortalException">Invalid names the fields as those of a new app.</exception>
    public async Task<SourceFinding> InspectAsync(Actor actor, string team, CodeAddress code, string? branch, string? folder, CancellationToken cancellationToken)
    {
        GitSource source;
        await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
        {
            var owner = await db.FindTeamAsync(actor, team, Permission.CreateApp, cancellationToken);
            new FieldErrors()
                .Add("source.url", code.Repository is null ? SourceRules.UrlProblem(code.Url, options.Git) : null)
                .Add("source.token", code.Repository is null ? SourceRules.TokenProblem(code.Token, code.Url) : null)
                .Add("source.repository", code.Repository is null ? null : SourceRules.RepositoryProblem(code.Repository))
                .Add("source.branch", SourceRules.BranchProblem(branch))
                .Add("source.directory", SourceRules.DirectoryProblem(folder))
                .ThrowIfAny();
            source = code.Repository is null ? SourceGlance.Open(code.Url!, code.Token) : await directory.OpenAsync(db, owner.Id, code.Connection, code.Repository, cancellationToken);
        }
        Count(actor);
        return await glance.LookAsync(source, branch, found => new SourceFinding(found.Branch, found.Commit.Commit, found.Commit.Message, found.Branches,
            StackDetector.Detect(new FolderSource(found.Folder), new PlanOverrides { Folder = string.IsNullOrEmpty(folder) ? null : folder })), cancellationToken);
    }

    private void Count(Actor actor)
    {
        if (_asked.Count >= Remembered)
        {
            _asked.Clear();
        }
        var now = time.GetTimestamp();
        var counted = _asked.AddOrUpdate(actor.UserId ?? actor.Id ?? Guid.Empty, _ => (now, 1),
            (_, was) => time.GetElapsedTime(was.Since, now) >= TimeSpan.FromMinutes(1) ? (now, 1) : (was.Since, was.Count + 1));
        if (counted.Count > PerMinute)
        {
            throw new PortalException(Refusal.TooMany, $"{PerMinute} repositories a minute are looked at for one person. Wait a moment, or go on: the first build looks again.");
        }
    }
}
