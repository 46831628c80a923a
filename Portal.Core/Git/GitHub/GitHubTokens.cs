using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Octokit;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Git.GitHub;

/// <summary>What a token may do at GitHub; it never may more than its use needs.</summary>
public enum GitHubUse
{
    /// <summary>Read the code of one repository.</summary>
    Code,

    /// <summary>Tell one repository of builds and deploys, and read its pull requests.</summary>
    Report,

    /// <summary>List the repositories of an installation.</summary>
    List,
}

/// <summary>
/// Installation tokens: short-lived, for one repository and one use. They live in memory, never in an address, an
/// argument or a log.
/// </summary>
internal sealed class GitHubTokens(IDbContextFactory<PortalDbContext> contexts, GitHubCalls calls, TimeProvider time)
{
    /// <summary>A token is replaced when it has less left, so that no fetch loses it half-way.</summary>
    public static readonly TimeSpan LeastLeft = TimeSpan.FromMinutes(15);

    private const int MostShared = 5_000;

    private readonly ConcurrentDictionary<(RepositoryKey, GitHubUse), Token> _shared = new();

    public sealed record Token(string Value, DateTimeOffset ExpiresAt);

    /// <exception cref="PortalException">A sentence that says why this repository cannot be read.</exception>
    public async Task<Token> MintAsync(GitConnection connection, long installation, long? repository, GitHubUse use, CancellationToken cancellationToken)
    {
        try
        {
            return await MintAsync(connection, installation, Body(repository, use), cancellationToken);
        }
        catch (PortalException e) when (e.Refusal == Refusal.Invalid && use == GitHubUse.Report)
        {
            // Its owner took a permission from the App: what is left of them may be enough.
            var body = Body(repository, use);
            body.Remove("permissions");
            return await MintAsync(connection, installation, body, cancellationToken);
        }
    }

    private async Task<Token> MintAsync(GitConnection connection, long installation, Dictionary<string, object> body, CancellationToken cancellationToken)
    {
        var created = await calls.AsAppAsync(connection, client => client.Connection.Post<AccessToken>(
            new Uri($"app/installations/{installation}/access_tokens", UriKind.Relative), body, "application/vnd.github+json", "application/json"), cancellationToken);
        return new Token(created.Body.Token, created.Body.ExpiresAt);
    }

    /// <summary>For the code of one app; minted when first asked for, and again when it grows old.</summary>
    /// <param name="shared">One for all looks at the same repository: a token for each would use up what GitHub allows.</param>
    public GitAccess For(App app, bool shared) => new(async cancellationToken =>
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var (connection, installation, repository) = await GitHubAccess.DemandAsync(db, app.Id, cancellationToken);
        return shared ? await SharedAsync(connection, installation, repository, GitHubUse.Code, cancellationToken)
            : await MintAsync(connection, installation, repository, GitHubUse.Code, cancellationToken);
    }, time);

    /// <summary>One token for all that is asked of a repository for the same use.</summary>
    public async Task<Token> SharedAsync(GitConnection connection, long installation, long repository, GitHubUse use, CancellationToken cancellationToken)
    {
        var key = (new RepositoryKey(connection.Id, installation, repository), use);
        if (_shared.TryGetValue(key, out var known) && known.ExpiresAt - time.GetUtcNow() >= LeastLeft)
        {
            return known;
        }
        if (_shared.Count >= MostShared)
        {
            _shared.Clear();
        }
        return _shared[key] = await MintAsync(connection, installation, repository, use, cancellationToken);
    }

    /// <summary>It was refused, and may have been revoked: the next one who asks gets another.</summary>
    public void Forget(RepositoryKey key, GitHubUse use) => _shared.TryRemove((key, use), out _);

    private static Dictionary<string, object> Body(long? repository, GitHubUse use)
    {
        var body = new Dictionary<string, object>
        {
            ["permissions"] = use switch
            {
                GitHubUse.Code => new Dictionary<string, string> { ["contents"] = "read", ["metadata"] = "read" },
                GitHubUse.List => new Dictionary<string, string> { ["metadata"] = "read" },
                _ => new Dictionary<string, string> { ["metadata"] = "read", ["checks"] = "write", ["deployments"] = "write", ["statuses"] = "write", ["pull_requests"] = "write" },
            },
        };
        if (repository is { } id)
        {
            body["repository_ids"] = new[] { id };
        }
        return body;
    }
}
