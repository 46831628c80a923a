using System.Text;

namespace Portal.Core.Git;

/// <summary>
/// What opens an outside repository over https: a short-lived token, made when it is first needed, or one that a person gave. One of these belongs to
/// one piece of work; its token goes to git by the environment alone.
/// </summary>
public sealed class GitAccess
{
    private readonly Func<CancellationToken, Task<GitHub.GitHubTokens.Token>> _mint;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _gate = new(1);
    private GitHub.GitHubTokens.Token? _token;

    /// <param name="mint">At a host that an admin connected.</param>
    internal GitAccess(Func<CancellationToken, Task<GitHub.GitHubTokens.Token>> mint, TimeProvider time)
    {
        _mint = mint;
        _time = time;
        IsOfConnection = true;
    }

    /// <param name="token">A person's, for any host.</param>
    internal GitAccess(string token)
    {
        _mint = _ => Task.FromResult(new GitHub.GitHubTokens.Token(token, DateTimeOffset.MaxValue));
        _time = TimeProvider.System;
    }

    /// <summary>An admin chose the host, which may therefore stand in Portal's own network.</summary>
    public bool IsOfConnection { get; }

    /// <summary>The value of an Authorization header.</summary>
    /// <param name="host">Some want a name of their own beside the token.</param>
    public async Task<string> HeaderAsync(string host, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_token is null || _token.ExpiresAt - _time.GetUtcNow() < GitHub.GitHubTokens.LeastLeft)
            {
                _token = await _mint(cancellationToken);
            }
            return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{(host == "bitbucket.org" ? "x-token-auth" : "x-access-token")}:{_token.Value}"));
        }
        finally
        {
            _gate.Release();
        }
    }

    public override string ToString() => "access";
}
