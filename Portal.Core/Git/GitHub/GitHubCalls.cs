using Octokit;
using Octokit.Internal;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Git.GitHub;

/// <summary>
/// Calls of GitHub's REST API as the App itself, as one of its installations, or as nobody. What goes wrong becomes a
/// <see cref="PortalException"/> in plain words; <see cref="Refusal.Unavailable"/> may pass by itself.
/// </summary>
internal sealed class GitHubCalls(GitHubTransport transport, SecretBox box, TimeProvider time)
{
    public const int PageSize = 100;

    private static readonly ProductHeaderValue Product = new("Portal");

    public Task<T> AsAppAsync<T>(GitConnection connection, Func<IGitHubClient, Task<T>> call, CancellationToken cancellationToken) =>
        RunAsync(connection.WebUrl, new Credentials(GitHubJwt.Create(connection.AppId, box.Open(SecretPurposes.GitHubApp, connection.PrivateKey), time.GetUtcNow()), AuthenticationType.Bearer),
            $"app {connection.Id}", call, cancellationToken);

    /// <param name="installation">Names what rate limit and remembered answers belong to.</param>
    public Task<T> WithTokenAsync<T>(GitConnection connection, long installation, string token, Func<IGitHubClient, Task<T>> call, CancellationToken cancellationToken) =>
        RunAsync(connection.WebUrl, new Credentials(token, AuthenticationType.Oauth), $"installation {connection.Id} {installation}", call, cancellationToken);

    public Task<T> AnonymousAsync<T>(string webUrl, Func<IGitHubClient, Task<T>> call, CancellationToken cancellationToken) =>
        RunAsync(webUrl, Credentials.Anonymous, $"anonymous {webUrl}", call, cancellationToken);

    /// <summary>With the token of a person who signs in; what is answered is not remembered.</summary>
    public Task<T> AsPersonAsync<T>(string webUrl, string token, string budget, Func<IGitHubClient, Task<T>> call, CancellationToken cancellationToken) =>
        RunAsync(webUrl, new Credentials(token, AuthenticationType.Oauth), budget, call, cancellationToken, remember: false);

    /// <summary>As the App that people are signed in with.</summary>
    public Task<T> AsClientAsync<T>(string webUrl, string clientId, string secret, string budget, Func<IGitHubClient, Task<T>> call, CancellationToken cancellationToken) =>
        RunAsync(webUrl, new Credentials(clientId, secret, AuthenticationType.Basic), budget, call, cancellationToken, remember: false);

    private async Task<T> RunAsync<T>(string webUrl, Credentials credentials, string budget, Func<IGitHubClient, Task<T>> call, CancellationToken cancellationToken, bool remember = true)
    {
        var host = new Uri(webUrl).Host;
        using var http = new HttpClientAdapter(() => transport.Handler(GitHubAddress.Api(webUrl), budget, cancellationToken, remember));
        http.SetRequestTimeout(GitHubTransport.Limit);
        var client = new GitHubClient(new Connection(Product, GitHubAddress.Api(webUrl), new InMemoryCredentialStore(credentials), http, new SimpleJsonSerializer()));
        try
        {
            return await call(client);
        }
        // Both kinds of limit come as several exceptions; the transport has read the headers.
        catch (ApiException) when (transport.LimitedUntil(budget) is not null)
        {
            throw Limited(host, transport.LimitedUntil(budget) ?? time.GetUtcNow());
        }
        catch (AuthorizationException)
        {
            throw new PortalException(Refusal.Denied, $"{host} does not accept the App's key any more. A platform admin can connect it again under Admin → Git connections.");
        }
        catch (NotFoundException)
        {
            throw new PortalException(Refusal.NotFound, $"{host} does not show this to the App: it was deleted, or the App may not see it any more.");
        }
        catch (ForbiddenException e)
        {
            throw new PortalException(Refusal.Denied, e.Message.Contains("suspended", StringComparison.OrdinalIgnoreCase)
                ? $"The App is suspended at {host}; whoever suspended it there can resume it."
                : $"{host} refuses: {RepositoryText.Clean(e.Message, 200)}");
        }
        catch (ApiValidationException e)
        {
            throw new PortalException(Refusal.Invalid, $"{host} refuses: {RepositoryText.Clean(string.Join("; ", [e.Message, .. e.ApiError?.Errors?.Select(x => x.Message ?? x.Code) ?? []]), 300)}");
        }
        catch (ApiException e) when ((int)e.StatusCode is >= 500 or 0 or 408)
        {
            throw new PortalException(Refusal.Unavailable, $"{host} answered {(int)e.StatusCode}; Portal tries again.");
        }
        catch (ApiException e)
        {
            throw new PortalException(Refusal.Invalid, $"{host} refuses ({(int)e.StatusCode}): {RepositoryText.Clean(e.Message, 200)}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new PortalException(Refusal.Unavailable, $"{host} could not be reached from Portal: {(e is HttpRequestException { StatusCode: null } ? RepositoryText.Clean(e.Message, 150) : "it broke off or did not answer in time")}.");
        }
    }

    private PortalException Limited(string host, DateTimeOffset until)
    {
        var wait = until - time.GetUtcNow();
        return new PortalException(Refusal.Unavailable, $"{host} limits how often Portal may ask; it may again in {Math.Max(1, Math.Ceiling(wait.TotalMinutes)):0} min.");
    }
}
