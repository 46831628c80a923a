using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Portal.Testing.GitHub;

/// <summary>Registering an app from a manifest: the form it is posted to, the question for a name, the way back with a code.</summary>
internal sealed class ManifestPages(GitHubDouble github)
{
    private const int LongestName = 34;

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var start in new[] { "/settings/apps/new", "/organizations/{org}/settings/apps/new" })
        {
            routes.MapMethods(start, ["GET", "POST"], AskAsync);
        }
        routes.MapMethods("/settings/apps/manifest", ["POST"], CreateAsync);
    }

    private async Task AskAsync(HttpContext http)
    {
        if (Owner(http, http.Request.RouteValues["org"]?.ToString()) is not { } owner)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        var posted = HttpMethods.IsPost(http.Request.Method) ? await http.Request.ReadFormAsync() : null;
        var text = posted?["manifest"].ToString() is { Length: > 0 } form ? form : http.Request.Query["manifest"].ToString();
        if (text.Length == 0)
        {
            await Html.PageAsync(http, "Register new GitHub App", "<p>Post a manifest.</p>");
            return;
        }
        // GitHub reads the state from the query, where the form's action has it.
        await PageAsync(http, owner, text, http.Request.Query["state"].ToString(), null, []);
    }

    private async Task CreateAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        if (Owner(http, form["owner"]) is not { } owner)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        var name = form["name"].ToString().Trim();
        var (manifest, objections) = Read(form["manifest"].ToString());
        if (objections is [])
        {
            objections = Objections(name);
        }
        if (manifest is null || objections.Count > 0)
        {
            await PageAsync(http, owner, form["manifest"].ToString(), form["state"], name, objections);
            return;
        }
        string code;
        lock (github.State.Gate)
        {
            code = github.AddManifestCode(github.Register(owner, name, manifest));
        }
        http.Response.Redirect(Html.Link(manifest.RedirectUrl!, ("code", code), ("state", form["state"].ToString() is { Length: > 0 } state ? state : null)));
    }

    private async Task PageAsync(HttpContext http, DoubleAccount owner, string text, string? state, string? name, List<string> objections)
    {
        var (manifest, wrong) = Read(text);
        if (manifest is null || wrong.Count > 0)
        {
            await Html.PageAsync(http, "Invalid GitHub App configuration",
                $"<p>The configuration does not appear to be a valid GitHub App manifest.</p><ul>{string.Concat(wrong.Select(w => $"<li>{Html.Encode(w)}</li>"))}</ul>", 422);
            return;
        }
        await Html.PageAsync(http, "Create GitHub App",
            $"""
            {string.Concat(objections.Select(o => $"<p class=\"flash-error\">{Html.Encode(o)}</p>"))}
            <form method="post" action="/settings/apps/manifest">
            <label for="name">GitHub App name</label> <input id="name" name="name" value="{Html.Encode(name ?? manifest.Name)}">
            {Html.Hidden("owner", owner.Login)}{Html.Hidden("manifest", text)}{Html.Hidden("state", state)}
            <button type="submit">Create GitHub App for {Html.Encode(owner.Login)}</button>
            </form>
            """, objections.Count > 0 ? 422 : 200);
    }

    private (AppManifest? Manifest, List<string> Objections) Read(string text)
    {
        try
        {
            var manifest = AppManifest.Parse(text);
            return (manifest, [.. manifest.Objections(github.RefuseLocalHooks)]);
        }
        catch (JsonException e)
        {
            return (null, [e.Message]);
        }
    }

    private List<string> Objections(string name)
    {
        if (name.Length == 0)
        {
            return ["Name can't be blank"];
        }
        if (name.Length > LongestName)
        {
            return [$"Name is too long (maximum is {LongestName} characters)"];
        }
        lock (github.State.Gate)
        {
            // Bots and accounts share one space of names.
            return github.State.App(DoubleApp.SlugOf(name)) is not null || github.State.Account(DoubleApp.SlugOf(name)) is not null ? ["Name is already taken"] : [];
        }
    }

    /// <summary>The account that is to own the app, when the person may give it one.</summary>
    private DoubleAccount? Owner(HttpContext http, string? login)
    {
        var person = Html.Person(github, http);
        lock (github.State.Gate)
        {
            var owner = string.IsNullOrEmpty(login) ? person : github.State.Account(login);
            return owner is not null && person?.Administers(owner) == true ? owner : null;
        }
    }
}
