using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Portal.Testing.GitHub;

/// <summary>One request to the REST API: who asks, for what, with which body.</summary>
internal sealed class Call(GitHubDouble github, HttpContext http, string pattern)
{
    private const int MostPerPage = 100;

    public GitHubDouble GitHub => github;

    public DoubleState State => github.State;

    public Shapes Shapes => github.Shapes;

    public HttpContext Http => http;

    public string Pattern => pattern;

    public Caller Caller { get; set; } = Caller.Anonymous;

    public JsonObject Body { get; set; } = [];

    /// <summary>Set for what lies under <c>/repos/{owner}/{repo}</c>.</summary>
    public DoubleRepository Repository { get; set; } = null!;

    public DoubleAccount Actor => Caller.Actor ?? throw new InvalidOperationException("Nobody acts.");

    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>Of the path, decoded: a branch's slashes may come as %2F.</summary>
    public string Route(string name) =>
        (http.Request.RouteValues[name]?.ToString() ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    public long RouteId(string name) => long.TryParse(Route(name), CultureInfo.InvariantCulture, out var id) ? id : -1;

    public string? Query(string name) => http.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;

    public bool Accepts(string part) => http.Request.Headers.Accept.ToString().Contains(part, StringComparison.Ordinal);

    public string? Text(string field) => Body[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public bool? Flag(string field) => Body[field] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    /// <summary>A page of a list, with GitHub's Link header.</summary>
    public Answer Page<T>(IReadOnlyList<T> items, Func<T, JsonNode> shape, Func<JsonArray, JsonNode>? wrap = null)
    {
        var size = Math.Clamp(Number("per_page", 30), 1, MostPerPage);
        var page = Math.Max(Number("page", 1), 1);
        var last = Math.Max((items.Count + size - 1) / size, 1);
        var array = new JsonArray([.. items.Skip((page - 1) * size).Take(size).Select(shape)]);
        var answer = Answer.Ok(wrap?.Invoke(array) ?? array);
        var links = new List<string>();
        void Link(int number, string rel) => links.Add($"<{PageUrl(number)}>; rel=\"{rel}\"");
        if (page > 1)
        {
            Link(Math.Min(page - 1, last), "prev");
        }
        if (page < last)
        {
            Link(page + 1, "next");
            Link(last, "last");
        }
        if (page > 1)
        {
            Link(1, "first");
        }
        return links.Count > 0 ? answer.With("Link", string.Join(", ", links)) : answer;
    }

    public int Number(string name, int otherwise) => int.TryParse(Query(name), CultureInfo.InvariantCulture, out var n) ? n : otherwise;

    /// <summary>This request's address with another value of one part of its query.</summary>
    public string Url(string name, string value)
    {
        var query = http.Request.Query.Where(q => q.Key != name).Select(q => $"{q.Key}={Uri.EscapeDataString(q.Value.ToString())}");
        return $"{State.Url.ToString().TrimEnd('/')}{PathOf()}?{string.Join('&', [.. query, $"{name}={Uri.EscapeDataString(value)}"])}";
    }

    private string PageUrl(int number) => Url("page", number.ToString(CultureInfo.InvariantCulture));

    // GitHub links by number, so that a rename in the middle of a walk does no harm.
    private string PathOf()
    {
        var path = http.Request.Path.ToUriComponent();
        return Repository is null || !path.StartsWith("/api/v3/repos/", StringComparison.Ordinal)
            ? path
            : $"/api/v3/repositories/{Repository.Id}/{string.Join('/', path.Split('/').Skip(6))}";
    }
}
