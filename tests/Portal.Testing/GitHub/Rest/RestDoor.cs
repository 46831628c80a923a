using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Portal.Testing.GitHub;

/// <summary>What every request to the REST API goes through: limits, who asks, what that one may, the ETag.</summary>
internal sealed class RestDoor(GitHubDouble github, IEndpointRouteBuilder routes)
{
    private const int MostBody = 10 * 1024 * 1024;

    public delegate Task<Answer> Handler(Call call);

    /// <summary>For everybody, also for those who do not say who they are.</summary>
    public void Anybody(string method, string pattern, Func<Call, Answer> handler, bool counts = true) => Map(method, pattern, null, null, Level.None, Locked(handler), counts);

    /// <summary>Only with the app's own token.</summary>
    public void App(string method, string pattern, Func<Call, Answer> handler) => Map(method, pattern, CallerKind.App, null, Level.None, Locked(handler));

    public void Installation(string method, string pattern, Func<Call, Answer> handler) => Map(method, pattern, CallerKind.Installation, null, Level.None, Locked(handler));

    public void Person(string method, string pattern, Func<Call, Answer> handler) => Map(method, pattern, CallerKind.Person, null, Level.None, Locked(handler));

    /// <summary>Under <c>/repos/{owner}/{repo}</c>, decided by one permission; the handler runs under the gate.</summary>
    public void Repository(string method, string pattern, string permission, Level level, Func<Call, Answer> handler) =>
        Map(method, $"/repos/{{owner}}/{{repo}}{pattern}", null, permission, level, Locked(handler));

    /// <summary>The same for a handler that asks git, and so takes the gate itself.</summary>
    public void RepositoryGit(string method, string pattern, string permission, Level level, Handler handler) =>
        Map(method, $"/repos/{{owner}}/{{repo}}{pattern}", null, permission, level, handler);

    private Handler Locked(Func<Call, Answer> handler) => call =>
    {
        lock (github.State.Gate)
        {
            return Task.FromResult(handler(call));
        }
    };

    private void Map(string method, string pattern, CallerKind? kind, string? permission, Level level, Handler handler, bool counts = true) =>
        routes.MapMethods($"/api/v3{pattern}", [method], async http =>
        {
            var call = new Call(github, http, pattern);
            var answer = await DecideAsync(call, kind, permission, level, handler, counts);
            var bytes = answer.Bytes();
            answer = Conditional(call, answer, bytes, counts);
            github.Limits.Describe(call.Caller, http.Response.Headers);
            await answer.WriteAsync(http, bytes);
        });

    private async Task<Answer> DecideAsync(Call call, CallerKind? kind, string? permission, Level level, Handler handler, bool counts)
    {
        if (call.Http.Request.Headers.UserAgent.Count == 0)
        {
            return Answer.Error(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).");
        }
        if (Identify(call, kind) is { } wrong)
        {
            return wrong;
        }
        if (github.Limits.Refuse(call.Caller, counts) is { } limited)
        {
            return limited;
        }
        if (permission is not null && Locate(call, permission, level) is { } refused)
        {
            return refused;
        }
        return await ReadAsync(call) ?? await handler(call);
    }

    private Answer? Identify(Call call, CallerKind? kind)
    {
        lock (github.State.Gate)
        {
            var (caller, wrong) = github.Authentication.Of(call.Http);
            call.Caller = caller;
            call.Http.Items[GitHubDouble.CallerItem] = caller.Kind;
            if (kind == CallerKind.App && caller.Kind != CallerKind.App && wrong?.Status != 404)
            {
                return wrong is { Message.Length: > 0 } && wrong.Message != "Bad credentials" ? wrong : Answer.Error(401, "A JSON web token could not be decoded");
            }
            if (wrong is not null || kind is null || kind == caller.Kind)
            {
                return wrong;
            }
            return caller.Kind switch
            {
                CallerKind.Anonymous => Answer.Error(401, "Requires authentication"),
                CallerKind.Person => Answer.Error(403, "You must authenticate with an installation access token in order to list repositories for an installation."),
                _ => Answer.NotAccessible(caller.Kind),
            };
        }
    }

    private Answer? Locate(Call call, string permission, Level level)
    {
        lock (github.State.Gate)
        {
            var name = $"{call.Route("owner")}/{call.Route("repo")}";
            var repository = github.State.Repository(name, out var former);
            if (repository is null || !call.Caller.Sees(repository))
            {
                return Answer.NotFound();
            }
            if (former)
            {
                return Moved(call, repository);
            }
            call.Repository = repository;
            call.Http.Response.Headers["X-Accepted-GitHub-Permissions"] = permission.Replace("|", $"={level.ToString().ToLowerInvariant()}; ", StringComparison.Ordinal) + $"={level.ToString().ToLowerInvariant()}";
            if (call.Caller.Kind == CallerKind.App || call.Caller.Level(repository, permission) < level)
            {
                return call.Caller.Kind == CallerKind.Anonymous ? Answer.Error(401, "Requires authentication") : Answer.NotAccessible(call.Caller.Kind);
            }
            return level > Level.Read && repository.IsArchived ? Answer.Error(403, "Repository was archived so is read-only.") : null;
        }
    }

    private Answer Moved(Call call, DoubleRepository repository)
    {
        var rest = string.Join('/', call.Http.Request.Path.ToUriComponent().Split('/').Skip(6));
        var location = $"{github.State.Url}api/v3/repositories/{repository.Id}{(rest.Length > 0 ? $"/{rest}" : "")}{call.Http.Request.QueryString}";
        var get = HttpMethods.IsGet(call.Http.Request.Method);
        var answer = Answer.Error(get ? 301 : 307, get ? "Moved Permanently" : "Temporary Redirect").With("Location", location);
        answer.Body!["url"] = location;
        return answer;
    }

    private static async Task<Answer?> ReadAsync(Call call)
    {
        if (HttpMethods.IsGet(call.Http.Request.Method))
        {
            return null;
        }
        using var body = new MemoryStream();
        var buffer = new byte[81920];
        int read;
        while ((read = await call.Http.Request.Body.ReadAsync(buffer, call.Aborted)) > 0)
        {
            body.Write(buffer, 0, read);
            if (body.Length > MostBody)
            {
                return Answer.Error(413, "Payload too big");
            }
        }
        try
        {
            // Octokit sends an empty string where there is nothing to say.
            call.Body = body.Length == 0 ? [] : JsonNode.Parse(body.ToArray()) switch { JsonObject o => o, JsonValue v when v.ToString().Length == 0 => [], null => [], _ => null! };
            return call.Body is null ? Answer.Error(400, "Body should be a JSON object") : null;
        }
        catch (JsonException)
        {
            return Answer.Error(400, "Problems parsing JSON");
        }
    }

    /// <summary>304 for what has not changed, which costs nothing.</summary>
    private Answer Conditional(Call call, Answer answer, byte[] bytes, bool counts)
    {
        if (answer.Status != 200 || !HttpMethods.IsGet(call.Http.Request.Method))
        {
            return answer;
        }
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))}\"";
        answer.With("ETag", $"W/{tag}").With("Cache-Control", "private, max-age=60, s-maxage=60").With("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP");
        if (!call.Http.Request.Headers.IfNoneMatch.ToString().Split(',').Any(t => t.Trim() is var trimmed && (trimmed == tag || trimmed == $"W/{tag}")))
        {
            return answer;
        }
        if (counts)
        {
            github.Limits.GiveBack(call.Caller);
        }
        var unchanged = new Answer(304);
        foreach (var (name, value) in answer.Headers)
        {
            unchanged.With(name, value);
        }
        return unchanged;
    }
}
