using System.Net;
using System.Text.RegularExpressions;

namespace Portal.Web.Tests.SignIn;

/// <summary>What a browser does with plain forms: keeps cookies, sends back hidden fields, says where it comes from.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly HttpClient _client;
    private readonly CookieContainer _cookies = new();
    private string _html = "";
    private Uri _at;

    public Browser(Uri url)
    {
        _at = url;
        _client = new HttpClient(new SocketsHttpHandler { CookieContainer = _cookies, AllowAutoRedirect = false }) { BaseAddress = url };
        _client.DefaultRequestHeaders.Accept.ParseAdd("text/html");
    }

    public string Html => WebUtility.HtmlDecode(_html);

    public HttpStatusCode Status { get; private set; }

    /// <summary>Where the answer sends the browser; null when it does not.</summary>
    public string? SentTo { get; private set; }

    public IEnumerable<string> Errors => ErrorText().Matches(_html).Select(m => WebUtility.HtmlDecode(m.Groups[1].Value));

    /// <summary>The same as a whole address, also of another site.</summary>
    public Uri? Destination { get; private set; }

    public Cookie? SessionCookie => _cookies.GetCookies(_client.BaseAddress!)["portal"];

    /// <summary>Forgets the cookies whose names begin so.</summary>
    public void Forget(string prefix)
    {
        foreach (var cookie in _cookies.GetAllCookies().Where(c => c.Name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            cookie.Expired = true;
        }
    }

    /// <summary>Where it leads in the end.</summary>
    public async Task<Browser> FollowAsync()
    {
        for (var steps = 0; Destination is { } to && steps < 10; steps++)
        {
            await OpenAsync(to.AbsoluteUri);
        }
        return this;
    }

    public async Task<Browser> OpenAsync(string address)
    {
        _at = new Uri(_client.BaseAddress!, address);
        return await ReadAsync(await _client.GetAsync(_at, TestContext.Current.CancellationToken));
    }

    /// <summary>Sends the page's form with its hidden fields.</summary>
    public async Task<Browser> SubmitAsync(string? action = null, string? origin = null, params (string Name, string Value)[] fields)
    {
        var values = Hidden().Matches(_html).Select(m => KeyValuePair.Create(m.Groups[1].Value, WebUtility.HtmlDecode(m.Groups[2].Value))).ToDictionary();
        foreach (var (name, value) in fields)
        {
            values[name] = value;
        }
        using var request = new HttpRequestMessage(HttpMethod.Post, action is null ? _at : new Uri(_client.BaseAddress!, action)) { Content = new FormUrlEncodedContent(values) };
        request.Headers.Add("Origin", origin ?? _client.BaseAddress!.GetLeftPart(UriPartial.Authority));
        return await ReadAsync(await _client.SendAsync(request, TestContext.Current.CancellationToken));
    }

    public void Dispose() => _client.Dispose();

    private async Task<Browser> ReadAsync(HttpResponseMessage answer)
    {
        _html = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Status = answer.StatusCode;
        Destination = answer.Headers.Location is { } location ? new Uri(_at, location) : null;
        SentTo = answer.Headers.Location is { } to ? to.IsAbsoluteUri ? to.PathAndQuery : to.ToString() : null;
        return this;
    }

    [GeneratedRegex("""<input type="hidden" name="([^"]+)" value="([^"]*)" ?/?>""")]
    private static partial Regex Hidden();

    [GeneratedRegex("""class="(?:field-)?error"[^>]*>([^<]+)<""")]
    private static partial Regex ErrorText();
}
