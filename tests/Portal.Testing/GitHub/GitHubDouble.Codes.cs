namespace Portal.Testing.GitHub;

public sealed partial class GitHubDouble
{
    private static readonly TimeSpan ManifestCodeLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan OAuthCodeLife = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, (DoubleApp App, DateTimeOffset Until)> _manifestCodes = [];
    private readonly Dictionary<string, OAuthCode> _oauthCodes = [];

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

    internal sealed record OAuthCode(DoubleApp App, DoubleAccount Person, string Redirect, string? Challenge, string Scopes, DateTimeOffset Until);
}
