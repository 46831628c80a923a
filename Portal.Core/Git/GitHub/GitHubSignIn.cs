using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Octokit;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Git.GitHub;

/// <summary>A GitHub that people can sign in with.</summary>
/// <param name="Connection">Whose App asks them.</param>
public sealed record GitHubPlace(Guid Connection, string WebUrl)
{
    /// <summary>With the port where it has its own.</summary>
    public string Host => new Uri(WebUrl).Authority;
}

/// <summary>Who somebody is at GitHub.</summary>
/// <param name="Id">GitHub's number: stays when the login is renamed, and is never given to anybody else.</param>
/// <param name="VerifiedEmail">The primary address, when it is verified and the App may read it.</param>
public sealed record GitHubPerson(string Id, string Login, string Name, string? VerifiedEmail);

/// <summary>
/// Signing in with GitHub through the App of a connection. The person's token is used for two questions and then given
/// back: it is not stored, and what it could do in their name is not done. See
/// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app.
/// </summary>
public sealed class GitHubSignIn
{
    private const int MostName = 80;

    private readonly IDbContextFactory<PortalDbContext> _contexts;
    private readonly GitHubTransport _transport;
    private readonly GitHubCalls _calls;
    private readonly SecretBox _secrets;
    private readonly string _callback;

    internal GitHubSignIn(IDbContextFactory<PortalDbContext> contexts, GitHubTransport transport, GitHubCalls calls, SecretBox secrets, PortalOptions options) =>
        (_contexts, _transport, _calls, _secrets, _callback) = (contexts, transport, calls, secrets, options.PublicUrl + GitHubDoors.SignedIn);

    private sealed record Grant(string? AccessToken, string? Error);

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>One for each GitHub; several Apps at the same one lead to the same people.</summary>
    public async Task<IReadOnlyList<GitHubPlace>> PlacesAsync(CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var all = await db.Set<GitConnection>().AsNoTracking().OrderBy(c => c.CreatedAt).Take(ConnectionService.MostConnections).Select(c => new GitHubPlace(c.Id, c.WebUrl)).ToListAsync(cancellationToken);
        return [.. all.DistinctBy(p => p.WebUrl)];
    }

    /// <summary>Where the person is sent to be asked.</summary>
    /// <param name="state">Comes back unchanged.</param>
    /// <param name="challenge">SHA-256 of the verifier, base64url (RFC 7636).</param>
    /// <exception cref="PortalException">There is no such connection.</exception>
    public async Task<string> AskAsync(Guid connection, string state, string challenge, CancellationToken cancellationToken)
    {
        var app = await FindAsync(connection, cancellationToken);
        return $"{app.WebUrl}/login/oauth/authorize?client_id={Uri.EscapeDataString(app.ClientId)}&redirect_uri={Uri.EscapeDataString(_callback)}"
            + $"&state={Uri.EscapeDataString(state)}&code_challenge={challenge}&code_challenge_method=S256";
    }

    /// <summary>The person came back with a code, which says once who they are.</summary>
    /// <exception cref="PortalException">GitHub does not accept the code, or cannot be asked.</exception>
    public async Task<(GitHubPlace Place, GitHubPerson Person)> ProveAsync(Guid connection, string code, string verifier, CancellationToken cancellationToken)
    {
        var app = await FindAsync(connection, cancellationToken);
        var secret = _secrets.Open(SecretPurposes.GitHubApp, app.ClientSecret);
        // A budget of its own: the answers are this person's, and nobody is refused because another asked too often.
        var budget = $"sign-in {Guid.NewGuid()}";
        var token = await ExchangeAsync(app, secret, code, verifier, budget, cancellationToken);
        try
        {
            var user = await _calls.AsPersonAsync(app.WebUrl, token, budget, client => client.User.Current(), cancellationToken);
            var email = await EmailAsync(app, token, budget, cancellationToken);
            var login = RepositoryText.Clean(user.Login, MostName);
            return (new GitHubPlace(app.Id, app.WebUrl),
                new GitHubPerson(user.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), login, RepositoryText.Clean(user.Name ?? "", MostName) is { Length: > 0 } name ? name : login, email));
        }
        catch (PortalException)
        {
            throw Away(new Uri(app.WebUrl).Host);
        }
        finally
        {
            await GiveBackAsync(app, secret, token, budget);
        }
    }

    private async Task<string> ExchangeAsync(GitConnection app, string secret, string code, string verifier, string budget, CancellationToken cancellationToken)
    {
        var host = new Uri(app.WebUrl).Host;
        var web = new Uri(app.WebUrl);
        using var http = new HttpClient(_transport.Handler(web, budget, cancellationToken, remember: false)) { Timeout = GitHubTransport.Limit };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(web, "/login/oauth/access_token"));
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.UserAgent.ParseAdd("Portal");
        request.Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["client_id"] = app.ClientId,
            ["client_secret"] = secret,
            ["code"] = code,
            ["redirect_uri"] = _callback,
            ["code_verifier"] = verifier,
        });
        Grant? grant;
        try
        {
            using var answer = await http.SendAsync(request, cancellationToken);
            // Refusals come with 200 as well, as {"error": …}.
            grant = answer.IsSuccessStatusCode ? JsonSerializer.Deserialize<Grant>(await answer.Content.ReadAsStringAsync(cancellationToken), Json) : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            grant = null;
        }
        return grant switch
        {
            { AccessToken.Length: > 0 } => grant.AccessToken,
            { Error: "bad_verification_code" } => throw new PortalException(Refusal.Denied, "This way back from GitHub was used already or is too old. Begin again."),
            { Error: not null } => throw new PortalException(Refusal.Denied, $"{host} does not accept the App's secret any more. A platform admin can connect it again under Admin → Git connections."),
            _ => throw Away(host),
        };
    }

    /// <summary>The person has only this moment's sentence: nothing is tried again by itself.</summary>
    private static PortalException Away(string host) => new(Refusal.Unavailable, $"{host} does not answer as it should. Try again in a moment.");

    /// <summary>Null where the App may not read addresses: those made by older versions did not ask for it.</summary>
    private async Task<string?> EmailAsync(GitConnection app, string token, string budget, CancellationToken cancellationToken)
    {
        try
        {
            var all = await _calls.AsPersonAsync(app.WebUrl, token, budget, client => client.User.Email.GetAll(), cancellationToken);
            return all.FirstOrDefault(e => e is { Primary: true, Verified: true })?.Email;
        }
        catch (PortalException refused) when (refused.Refusal is Refusal.Denied or Refusal.NotFound)
        {
            return null;
        }
    }

    private async Task GiveBackAsync(GitConnection app, string secret, string token, string budget)
    {
        try
        {
            await _calls.AsClientAsync(app.WebUrl, app.ClientId, secret, budget, async client =>
            {
                await client.Authorization.RevokeApplicationAuthentication(app.ClientId, token);
                return true;
            }, CancellationToken.None);
        }
        catch (PortalException)
        {
            // It ends by itself within hours.
        }
    }

    private async Task<GitConnection> FindAsync(Guid connection, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<GitConnection>().AsNoTracking().SingleOrDefaultAsync(c => c.Id == connection, cancellationToken) ?? throw PortalException.NotFound("connection");
    }
}
