using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Git.LargeFiles;

namespace Portal.Core.Git.Plain;

/// <summary>Where a repository's Git LFS answers, and what its own host told us to send there.</summary>
/// <param name="Url">Without a trailing slash; of the repository's own host.</param>
internal sealed record LargeFileEndpoint(Uri Url, IReadOnlyDictionary<string, string> Header);

/// <summary>
/// Asks somebody else's Git LFS. All that it answers is an outsider's word: an object may lie at another public host, as
/// large hosts keep them, but never within Portal's own network unless that is the repository's own host; no redirect is
/// followed, and only what has the announced size and hash is kept.
/// </summary>
internal sealed class LargeFileServer(Pinning pinning, GitOptions git, string repositoryHost, Internal ownHost)
{
    private const int MaxAnswer = 4 * 1024 * 1024;
    private const int MaxHeaders = 20;

    /// <summary>Headers that belong to the connection or to us.</summary>
    private static readonly string[] OwnHeaders =
        ["Host", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Proxy-Authorization", "Proxy-Connection", "Expect", "TE", "Trailer", "Cookie"];

    private static readonly JsonSerializerOptions Json = new() { MaxDepth = 16 };

    public async Task<LargeFileBatch.Response> BatchAsync(LargeFileEndpoint endpoint, IReadOnlyCollection<LargeFilePointer> wanted, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint.Url.AbsoluteUri + "/objects/batch"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(LargeFileBatch.MediaType));
        Apply(endpoint.Header, request);
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new LargeFileBatch.Request(LargeFileBatch.Download, ["basic"],
            [.. wanted.Select(w => new LargeFileBatch.Item(w.Oid, w.Size))], "sha256"), Json));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(LargeFileBatch.MediaType);
        return await SendAsync(request, async answer =>
        {
            await answer.Content.LoadIntoBufferAsync(MaxAnswer, cancellationToken);
            return await JsonSerializer.DeserializeAsync<LargeFileBatch.Response>(await answer.Content.ReadAsStreamAsync(cancellationToken), Json, cancellationToken)
                ?? throw new JsonException();
        }, cancellationToken);
    }

    public async Task DownloadAsync(LargeFileBatch.Link link, LargeFilePointer file, LargeFileFolder folder, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(link.Href, UriKind.Absolute, out var url))
        {
            throw new PortalException(Refusal.Invalid, "The host names no address for it.");
        }
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        Apply(link.Header ?? new Dictionary<string, string>(), request);
        await SendAsync(request, async answer =>
        {
            await folder.StoreAsync(file, await answer.Content.ReadAsStreamAsync(cancellationToken), cancellationToken);
            return true;
        }, cancellationToken);
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, Func<HttpResponseMessage, Task<T>> read, CancellationToken cancellationToken)
    {
        var url = request.RequestUri!;
        if (url.UserInfo.Length > 0 || !(url.Scheme == "https" || (url.Scheme == "http" && git.AllowHttp)))
        {
            throw new PortalException(Refusal.Denied, "The host answers with an address that is not plain https://.");
        }
        var host = url.IdnHost.Trim('[', ']').TrimEnd('.');
        var own = string.Equals(host, repositoryHost, StringComparison.OrdinalIgnoreCase);
        var route = await pinning.RouteAsync(url.Scheme, host, url.Port, own ? ownHost : Internal.None, cancellationToken);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Portal", "1"));
        try
        {
            using var http = OutsideHttp.Open(route);
            using var answer = await http.SendAsync(request, cancellationToken);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => await read(answer),
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => throw new PortalException(Refusal.Denied,
                    $"The host {host} does not give its large files to everybody. For a private repository add the deploy key at the host and use its ssh:// address."),
                HttpStatusCode.NotFound or HttpStatusCode.Gone => throw new PortalException(Refusal.NotFound, $"The host {host} does not have it."),
                >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => throw new PortalException(Refusal.Invalid, $"The host {host} answers with a redirect, which is not followed."),
                _ => throw new PortalException(Refusal.Unavailable, $"The host {host} answered {(int)answer.StatusCode}."),
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new PortalException(Refusal.Unavailable, e is JsonException ? $"The host {host} does not speak Git LFS at this address." : $"The host {host} broke off or did not answer.");
        }
    }

    private static void Apply(IReadOnlyDictionary<string, string> headers, HttpRequestMessage request)
    {
        foreach (var (name, value) in headers.Take(MaxHeaders))
        {
            if (!OwnHeaders.Contains(name, StringComparer.OrdinalIgnoreCase) && value.Length < 8192 && !value.Any(char.IsControl))
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }
    }
}
