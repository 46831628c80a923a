using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Teams;

namespace Portal.Core.Git.GitHub;

/// <summary>What a browser hands to GitHub so that it registers an App there.</summary>
/// <param name="Action">The form's target, with the state in its query.</param>
/// <param name="Manifest">The form's one field.</param>
public sealed record ManifestForm(string Host, string Action, string Manifest);

/// <summary>
/// What platform admins do with connections: register an App by a manifest (nobody copies a key), say which teams may use
/// whose repositories, and remove it again.
/// </summary>
public sealed class ConnectionService
{
    public const int MostConnections = 20;

    private static readonly TimeSpan ReceiversLearn = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan StateLife = TimeSpan.FromHours(1);

    private readonly IDbContextFactory<PortalDbContext> _contexts;
    private readonly GitHubCalls _calls;
    private readonly AuditTrail _audit;
    private readonly JobQueue _jobs;
    private readonly SecretBox _secrets;
    private readonly PortalOptions _options;
    private readonly TimeProvider _time;

    internal ConnectionService(IDbContextFactory<PortalDbContext> contexts, GitHubCalls calls, AuditTrail audit, JobQueue jobs, SecretBox secrets, PortalOptions options, TimeProvider time) =>
        (_contexts, _calls, _audit, _jobs, _secrets, _options, _time) = (contexts, calls, audit, jobs, secrets, options, time);

    /// <summary>What comes back from GitHub unchanged: it binds the answer to the person who began.</summary>
    private sealed record State(Guid Connection, Guid User, string WebUrl, DateTimeOffset At);

    /// <param name="webUrl">Null: github.com.</param>
    /// <param name="organization">The organization that shall own the App; null: the person's own account.</param>
    public ManifestForm Begin(Actor actor, string? webUrl, string? organization)
    {
        AccessPolicy.Demand(actor, Permission.ManagePlatform, Resource.Platform);
        var address = string.IsNullOrWhiteSpace(webUrl) ? GitHubAddress.Public : webUrl.Trim();
        var owner = string.IsNullOrWhiteSpace(organization) ? null : organization.Trim();
        new FieldErrors()
            .Add("address", GitHubAddress.Problem(address, _options.Git))
            .Add("organization", owner is null || (owner.Length <= 39 && owner.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) ? null : "Give the organization's name as in its address, such as acme.")
            .ThrowIfAny();
        address = GitHubAddress.Clean(address);
        var id = Guid.NewGuid();
        var state = Base64Url.EncodeToString(_secrets.Seal(SecretPurposes.ConnectState,
            CoreJson.Write(new State(id, actor.UserId ?? throw new PortalException(Refusal.Denied, "A person connects GitHub, in a browser."), address, _time.GetUtcNow()))));
        return new ManifestForm(new Uri(address).Host,
            $"{address}{(owner is null ? "" : $"/organizations/{owner}")}/settings/apps/new?state={state}",
            GitHubManifest.Write(_options.PublicUrl, id, GitHubAddress.CanReach(address, _options.PublicUrl)));
    }

    /// <summary>GitHub registered the App and hands out its key, once, for the code.</summary>
    public async Task<GitConnection> CompleteAsync(Actor actor, string? code, string? state, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePlatform, Resource.Platform);
        var begun = Open(state, actor);
        if (code is null || code.Length is 0 or > 200 || !code.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            throw PortalException.Invalid("code", "GitHub sent no code; begin again.");
        }
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        if (await db.Set<GitConnection>().AsNoTracking().SingleOrDefaultAsync(c => c.Id == begun.Connection, cancellationToken) is { } done)
        {
            // The page was loaded twice; the code counts once.
            return done;
        }
        if (await db.Set<GitConnection>().CountAsync(cancellationToken) >= MostConnections)
        {
            throw PortalException.Conflict($"There are {MostConnections} connections, which is the limit; remove one that is not used.");
        }
        var made = await _calls.AnonymousAsync(begun.WebUrl, client => client.GitHubApps.CreateAppFromManifest(code), cancellationToken);
        var now = _time.GetUtcNow();
        var connection = new GitConnection
        {
            Id = begun.Connection,
            WebUrl = begun.WebUrl,
            AppId = made.Id,
            Slug = RepositoryText.Clean(made.Slug ?? made.Name, 100),
            // A link that people follow: it must stay at the host that was named.
            HtmlUrl = made.HtmlUrl?.StartsWith(begun.WebUrl + "/", StringComparison.OrdinalIgnoreCase) == true && made.HtmlUrl.Length <= 400 ? made.HtmlUrl : $"{begun.WebUrl}/apps/{made.Slug}",
            Name = RepositoryText.Clean(made.Name, 100),
            Owner = RepositoryText.Clean(made.Owner?.Login ?? "", 100),
            ClientId = made.ClientId,
            ClientSecret = _secrets.Seal(SecretPurposes.GitHubApp, made.ClientSecret),
            PrivateKey = _secrets.Seal(SecretPurposes.GitHubApp, made.Pem),
            WebhookSecret = string.IsNullOrEmpty(made.WebhookSecret) ? null : _secrets.Seal(SecretPurposes.WebhookSecret, made.WebhookSecret),
            CreatedAt = now,
            CreatedBy = actor.UserId,
        };
        db.Add(connection);
        _jobs.Enqueue(db, ConnectionSync.JobOf(connection.Id));
        _audit.Record(db, actor, "git-connection.create", connection.Name, after: new { connection.WebUrl, connection.AppId, connection.Slug, connection.Owner });
        db.Signal(LiveTopics.System, Guid.Empty);
        await db.SaveAsync(cancellationToken);
        return connection;
    }

    /// <summary>GitHub sent somebody back who installed the App, or changed what it covers. Told by an address, so it only makes Portal look.</summary>
    public async Task InstalledAsync(Actor actor, Guid connection, long? installation, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePlatform, Resource.Platform);
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        _jobs.Enqueue(db, ConnectionSync.JobOf((await FindAsync(db, connection, cancellationToken)).Id, installation is > 0 ? installation : null));
        await db.SaveAsync(cancellationToken);
    }

    /// <summary>Asks GitHub anew what it knows of the connection.</summary>
    public async Task CheckAsync(Actor actor, Guid connection, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePlatform, Resource.Platform);
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, connection, cancellationToken);
        _jobs.Enqueue(db, ConnectionSync.JobOf(found.Id));
        await db.SaveAsync(cancellationToken);
    }

    /// <summary>Gives the App's webhook a new secret, at both sides. The old one is accepted for another day, so that no delivery is refused on the way.</summary>
    public async Task RotateSecretAsync(Actor actor, Guid connection, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePlatform, Resource.Platform);
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, connection, cancellationToken);
        if (found.WebhookSecret is null)
        {
            throw PortalException.Conflict("This App has no webhook.");
        }
        // Here first: from now on both are accepted, whatever becomes of the rest.
        var secret = SecretTokens.WebhookSecret();
        (found.PreviousWebhookSecret, found.WebhookSecretChangedAt, found.WebhookSecret) = (found.WebhookSecret, _time.GetUtcNow(), _secrets.Seal(SecretPurposes.WebhookSecret, secret));
        _audit.Record(db, actor, "git-connection.webhook-secret", found.Name);
        await db.SaveAsync(cancellationToken);
        // Receivers remember secrets for a moment; GitHub signs with the new one only when all of them know it.
        await Task.Delay(ReceiversLearn, _time, cancellationToken);
        await _calls.AsAppAsync(found, client => client.Connection.Patch<object>(new Uri("app/hook/config", UriKind.Relative), new Dictionary<string, string> { ["secret"] = secret }), cancellationToken);
    }

    /// <param name="teams">Used when not every team may.</param>
    public async Task AllowAsync(Actor actor, Guid connection, long installation, bool everyTeam, IReadOnlyCollection<Guid> teams, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePlatform, Resource.Platform);
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var name = (await FindAsync(db, connection, cancellationToken)).Name;
        var found = await db.Set<GitInstallation>().SingleOrDefaultAsync(i => i.ConnectionId == connection && i.InstallationId == installation, cancellationToken)
            ?? throw PortalException.NotFound("installation");
        var known = await db.Set<Team>().Where(t => teams.Contains(t.Id)).ToDictionaryAsync(t => t.Id, t => t.Slug, cancellationToken);
        if (known.Count != teams.Distinct().Count())
        {
            throw PortalException.NotFound("team");
        }
        Dictionary<Guid, string> chosen = everyTeam ? [] : known;
        var before = await db.Set<GitInstallationTeam>().Where(t => t.ConnectionId == connection && t.InstallationId == installation).ToListAsync(cancellationToken);
        var was = found.ForEveryTeam;
        found.ForEveryTeam = everyTeam;
        db.RemoveRange(before.Where(b => !chosen.ContainsKey(b.TeamId)));
        db.AddRange(chosen.Keys.Except(before.Select(b => b.TeamId)).Select(team => new GitInstallationTeam { ConnectionId = connection, InstallationId = installation, TeamId = team }));
        var slugs = await db.Set<Team>().Where(t => before.Select(b => b.TeamId).Contains(t.Id)).Select(t => t.Slug).ToListAsync(cancellationToken);
        _audit.Record(db, actor, "git-connection.allow", $"{name} {found.Account}", before: new { everyTeam = was, teams = slugs }, after: new { everyTeam, teams = chosen.Values.ToList() });
        db.Signal(LiveTopics.System, Guid.Empty);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Forgets the App and its key. At GitHub it stays until its owner deletes it there.</summary>
    public async Task RemoveAsync(Actor actor, Guid connection, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePlatform, Resource.Platform);
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var found = await FindAsync(db, connection, cancellationToken);
        if (await db.Set<App>().CountAsync(a => a.ConnectionId == connection, cancellationToken) is var apps and > 0)
        {
            throw PortalException.Conflict(apps == 1 ? "One app is made from a repository of it; delete that app first." : $"{apps} apps are made from repositories of it; delete those first.");
        }
        db.Remove(found);
        _audit.Record(db, actor, "git-connection.remove", found.Name, before: new { found.WebUrl, found.AppId, found.Slug });
        db.Signal(LiveTopics.System, Guid.Empty);
        await db.SaveAsync(cancellationToken);
    }

    private State Open(string? state, Actor actor)
    {
        State? begun = null;
        try
        {
            begun = state is { Length: > 0 and < 2000 } ? CoreJson.Read<State>(_secrets.Open(SecretPurposes.ConnectState, Base64Url.DecodeFromChars(state))) : null;
        }
        catch (Exception e) when (e is FormatException or CryptographicException or JsonException)
        {
            // Made up, or cut.
        }
        return begun is not null && begun.User == actor.UserId && _time.GetUtcNow() - begun.At < StateLife ? begun
            : throw new PortalException(Refusal.Denied, "This way back from GitHub is not yours, or older than an hour. Begin again under Admin → Git connections.");
    }

    private static async Task<GitConnection> FindAsync(PortalDbContext db, Guid id, CancellationToken cancellationToken) =>
        await db.Set<GitConnection>().SingleOrDefaultAsync(c => c.Id == id, cancellationToken) ?? throw PortalException.NotFound("connection");
}
