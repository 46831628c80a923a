using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Portal.Testing.GitHub;

/// <summary>Installing an app: the choice of account, then of repositories; later the change of either, or the end.</summary>
internal sealed class InstallPages(GitHubDouble github)
{
    private const int MostShown = 100;

    public void Map(IEndpointRouteBuilder routes)
    {
        // github.com has /apps, an Enterprise Server has /github-apps.
        foreach (var apps in new[] { "/apps", "/github-apps" })
        {
            routes.MapMethods($"{apps}/{{slug}}", ["GET"], AppPageAsync);
            routes.MapMethods($"{apps}/{{slug}}/installations/new", ["GET"], AccountsAsync);
            routes.MapMethods($"{apps}/{{slug}}/installations/new/permissions", ["GET"], ChoiceAsync);
            routes.MapMethods($"{apps}/{{slug}}/installations", ["POST"], InstallAsync);
        }
        foreach (var settings in new[] { "/settings/installations/{id:long}", "/organizations/{org}/settings/installations/{id:long}" })
        {
            routes.MapMethods(settings, ["GET"], SettingsAsync);
            routes.MapMethods(settings, ["POST"], ChangeAsync);
        }
    }

    private async Task AppPageAsync(HttpContext http)
    {
        if (Find(http) is not { } app)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        await Html.PageAsync(http, app.Name, $"<p>{Html.Encode(app.Manifest.Description)}</p><a href=\"/github-apps/{app.Slug}/installations/new\">Install</a>");
    }

    private async Task AccountsAsync(HttpContext http)
    {
        if (Find(http) is not { } app || Html.Person(github, http) is not { } person)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        List<(DoubleAccount Account, DoubleInstallation? Installation)> accounts;
        lock (github.State.Gate)
        {
            accounts = [.. github.State.Accounts.Where(a => a.Kind != AccountKind.Bot && person.BelongsTo(a) && (app.Manifest.Public || a == app.Owner)).Select(a => (a, github.State.InstallationOf(app, a)))];
        }
        var state = http.Request.Query["state"].ToString() is { Length: > 0 } given ? given : null;
        // With one account there is nothing to choose.
        if (accounts is [var only])
        {
            http.Response.Redirect(Where(app, only.Account, only.Installation, state));
            return;
        }
        await Html.PageAsync(http, $"Install {app.Name}", $"<p>Where do you want to install {Html.Encode(app.Name)}?</p><ul>{string.Concat(accounts.Select(a =>
            $"<li><a href=\"{Html.Encode(Where(app, a.Account, a.Installation, state))}\">{Html.Encode(a.Account.Login)}</a>{(a.Installation is null ? "" : " Configure")}</li>"))}</ul>");
    }

    private static string Where(DoubleApp app, DoubleAccount account, DoubleInstallation? installation, string? state) => installation is null
        ? Html.Link($"/github-apps/{app.Slug}/installations/new/permissions", ("target_id", account.Id.ToString(CultureInfo.InvariantCulture)), ("state", state))
        : $"/settings/installations/{installation.Id}";

    private async Task ChoiceAsync(HttpContext http)
    {
        if (Find(http) is not { } app || Html.Person(github, http) is not { } person || Target(app, person, http.Request.Query["target_id"].ToString()) is not { } account)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        await Html.PageAsync(http, $"Install {app.Name}",
            $"""
            <p>Install on {Html.Encode(account.Login)}</p>
            <form method="post" action="/github-apps/{app.Slug}/installations">
            {Html.Hidden("target_id", account.Id.ToString(CultureInfo.InvariantCulture))}{Html.Hidden("state", http.Request.Query["state"].ToString() is { Length: > 0 } s ? s : null)}
            {Repositories(account, null)}
            <p>with these permissions: {Html.Encode(string.Join(", ", app.Permissions.Select(p => $"{p.Key} {p.Value}")))}</p>
            <button type="submit">{(person.Administers(account) ? "Install" : "Request")}</button>
            </form>
            """);
    }

    private async Task InstallAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        if (Find(http) is not { } app || Html.Person(github, http) is not { } person || Target(app, person, form["target_id"].ToString()) is not { } account)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        var state = form["state"].ToString() is { Length: > 0 } given ? given : null;
        DoubleInstallation? installation = null;
        lock (github.State.Gate)
        {
            if (person.Administers(account))
            {
                installation = github.State.InstallationOf(app, account) ?? github.Install(app, account, Chosen(form), person);
            }
        }
        await LeaveAsync(http, app, person, installation, installation is null ? "request" : "install", state);
    }

    /// <summary>To the app's address for what follows, else to the settings.</summary>
    private async Task LeaveAsync(HttpContext http, DoubleApp app, DoubleAccount person, DoubleInstallation? installation, string action, string? state)
    {
        var id = installation?.Id.ToString(CultureInfo.InvariantCulture);
        if (app.Manifest.RequestOAuthOnInstall && app.Manifest.CallbackUrls is [var callback, ..] && installation is not null)
        {
            github.Authorize(app, person);
            var code = github.AddOAuthCode(app, person, callback, null, "");
            http.Response.Redirect(Html.Link(callback, ("code", code), ("installation_id", id), ("setup_action", action), ("state", state)));
        }
        else if (app.Manifest.SetupUrl is { } setup && (action != "update" || app.Manifest.SetupOnUpdate))
        {
            http.Response.Redirect(Html.Link(setup, ("installation_id", id), ("setup_action", action), ("state", state)));
        }
        else if (installation is not null)
        {
            http.Response.Redirect($"/settings/installations/{id}");
        }
        else
        {
            await Html.PageAsync(http, "Request sent", "<p>An owner of the organization has been asked.</p>");
        }
    }

    private async Task SettingsAsync(HttpContext http)
    {
        if (Mine(http) is not { } installation)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        await Html.PageAsync(http, installation.App.Name,
            $"""
            <form method="post">{Repositories(installation.Account, installation)}<button type="submit" name="do" value="save">Save</button></form>
            <form method="post"><button type="submit" name="do" value="{(installation.IsSuspended ? "unsuspend" : "suspend")}">{(installation.IsSuspended ? "Unsuspend" : "Suspend")}</button></form>
            <form method="post"><button type="submit" name="do" value="uninstall">Uninstall</button></form>
            """);
    }

    private async Task ChangeAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        if (Mine(http) is not { } installation || Html.Person(github, http) is not { } person)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        var what = form["do"].ToString();
        lock (github.State.Gate)
        {
            Action<DoubleInstallation, DoubleAccount> change = what switch
            {
                "suspend" => github.Suspend,
                "unsuspend" => github.Unsuspend,
                "uninstall" => github.Uninstall,
                _ => (i, by) => github.Choose(i, Chosen(form), by),
            };
            change(installation, person);
        }
        if (what is "" or "save")
        {
            await LeaveAsync(http, installation.App, person, installation, "update", null);
            return;
        }
        await Html.PageAsync(http, installation.App.Name, $"<p>Done: {Html.Encode(what)}.</p>");
    }

    private string Repositories(DoubleAccount account, DoubleInstallation? installation)
    {
        List<DoubleRepository> shown;
        lock (github.State.Gate)
        {
            shown = [.. github.State.Repositories.Values.Where(r => r.Owner == account && !r.IsDeleted).OrderBy(r => r.Name, StringComparer.OrdinalIgnoreCase).Take(MostShown)];
        }
        var all = installation?.Chosen is null;
        return $"""
            <label><input type="radio" name="install_target" value="all"{(all ? " checked" : "")}> All repositories</label>
            <label><input type="radio" name="install_target" value="selected"{(all ? "" : " checked")}> Only select repositories</label>
            <ul>{string.Concat(shown.Select(r => $"<li><label><input type=\"checkbox\" name=\"repository_ids[]\" value=\"{r.Id}\"{(installation?.Chosen?.Contains(r.Id) == true ? " checked" : "")}> {Html.Encode(r.FullName)}</label></li>"))}</ul>
            """;
    }

    private static HashSet<long>? Chosen(IFormCollection form) =>
        form["install_target"] == "selected" ? [.. form["repository_ids[]"].Select(id => long.Parse(id!, CultureInfo.InvariantCulture))] : null;

    private DoubleApp? Find(HttpContext http)
    {
        lock (github.State.Gate)
        {
            return github.State.App((string)http.Request.RouteValues["slug"]!);
        }
    }

    private DoubleAccount? Target(DoubleApp app, DoubleAccount person, string id)
    {
        lock (github.State.Gate)
        {
            return github.State.Accounts.Find(a => a.Id.ToString(CultureInfo.InvariantCulture) == id && person.BelongsTo(a) && (app.Manifest.Public || a == app.Owner));
        }
    }

    private DoubleInstallation? Mine(HttpContext http)
    {
        var person = Html.Person(github, http);
        lock (github.State.Gate)
        {
            return github.State.Installations.TryGetValue(long.Parse((string)http.Request.RouteValues["id"]!, CultureInfo.InvariantCulture), out var installation)
                && !installation.IsDeleted && person?.Administers(installation.Account) == true ? installation : null;
        }
    }
}
