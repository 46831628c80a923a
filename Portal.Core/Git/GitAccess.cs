using System.Text;

namespace Portal.Core.Git;

/// <summary>
/// What opens an outside repository over https: a short-lived token, made when it is first needed. One of these belongs to
/// one piece of work; its token goes to git by the environment alone.
/// </summary>
public sealed class GitAccess
{
    private readonly Func<CancellationToken, Task<GitHub.GitHubTokens.Token>> _mint;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _gate = new(1);
    private GitHub.GitHubTokens.Token? _token;

    internal GitAccess(Func<CancellationToken, Task<GitHub.GitHubTokens.Token>> mint, TimeProvider time)
    {
        _mint = mint;
        _time = time;
    }

    /// <summary>The value of an Authorization header.</summary>
    public async Task<string> HeaderAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_token is null || _token.ExpiresAt - _time.GetUtcNow() < GitHub.GitHubTokens.LeastLeft)
            {
                _token = await _mint(cancellationToken);
            }
            return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("x-access-token:" + _token.Value));
        }
        finally
        {
            _gate.Release();
        }
    }

    public override string ToString() => "access";
}
