namespace Portal.Testing.GitHub;

public sealed partial class GitHubDouble
{
    private static readonly TimeSpan ManifestCodeLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan OAuthCodeLife = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (DoubleApp App, DateTimeOffset Until)> _manifestCodes = [];
    private readonly Dictionary<string, OAuthCode> _oauthCodes = [];
    private readonly HashSet<(long App, long Person)> _authorized = [];

    /// <summary>Under the gate, as the next one.</summary>
    internal string AddManifestCode(DoubleApp app)
    {
        var code = Tokens.Hex(20);
        _manifestCodes.Add(code, (app, State.Now + ManifestCodeLife));
        return code;
    }

    /// <summary>Once, and within the hour.</summary>
    internal DoubleApp? TakeManifestCode(string code) =>
        _manifestCodes.Remove(code, out var kept) && kept.Until > State.Now && !kept.App.IsDeleted ? kept.App : null;

    internal string AddOAuthCode(DoubleApp app, DoubleAccount person, string redirect, string? challenge, string scopes)
    {
        lock (State.Gate)
        {
            var code = Tokens.Hex(10);
            _oauthCodes.Add(code, new OAuthCode(app, person, redirect, challenge, scopes, State.Now + OAuthCodeLife));
            return code;
        }
    }

    internal OAuthCode? TakeOAuthCode(string code)
    {
        lock (State.Gate)
        {
            return _oauthCodes.Remove(code, out var kept) && kept.Until > State.Now ? kept : null;
        }
    }

    internal bool HasAuthorized(DoubleApp app, DoubleAccount person)
    {
        lock (State.Gate)
        {
            return _authorized.Contains((app.Id, person.Id));
        }
    }

    internal void Authorize(DoubleApp app, DoubleAccount person)
    {
        lock (State.Gate)
        {
            _authorized.Add((app.Id, person.Id));
        }
    }

    /// <summary>A person's token as the app gets it at sign-in, eight hours long.</summary>
    public string CreateUserToken(DoubleApp app, string login)
    {
        lock (State.Gate)
        {
            var person = State.Person(login);
            Authorize(app, person);
            return CreateUserToken(app, person, TimeSpan.FromHours(8));
        }
    }

    internal string CreateUserToken(DoubleApp app, DoubleAccount person, TimeSpan life)
    {
        lock (State.Gate)
        {
            return State.Add(new DoubleToken($"ghu_{Tokens.Random(36)}", TokenKind.AppUser) { App = app, User = person, Expires = State.Now + life }).Value;
        }
    }

    internal bool EndUserToken(DoubleApp app, string token)
    {
        lock (State.Gate)
        {
            return State.Tokens.TryGetValue(token, out var kept) && kept.Kind == TokenKind.AppUser && kept.App == app && State.Tokens.Remove(token);
        }
    }

    /// <summary>How many tokens of people apps hold now.</summary>
    public int UserTokens
    {
        get
        {
            lock (State.Gate)
            {
                return State.Tokens.Values.Count(t => t.Kind == TokenKind.AppUser);
            }
        }
    }

    /// <summary>The person takes back what the app may do in their name; the app is told, whatever it subscribed to.</summary>
    public Task RevokeAuthorizationAsync(DoubleApp app, string login)
    {
        lock (State.Gate)
        {
            var person = State.Person(login);
            _authorized.Remove((app.Id, person.Id));
            foreach (var token in State.Tokens.Values.Where(t => t.Kind == TokenKind.AppUser && t.App == app && t.User == person).ToList())
            {
                State.Tokens.Remove(token.Value);
            }
            Webhooks.OfApp(app, "github_app_authorization", "revoked", new() { ["sender"] = Shapes.Account(person) });
        }
        return Task.CompletedTask;
    }

    internal sealed record OAuthCode(DoubleApp App, DoubleAccount Person, string Redirect, string? Challenge, string Scopes, DateTimeOffset Until);
}
