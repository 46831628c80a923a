using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>What an app asks as itself.</summary>
internal static class AppRoutes
{
    public static void Map(RestDoor rest)
    {
        rest.Anybody("POST", "/app-manifests/{code}/conversions", Convert);
        rest.App("GET", "/app", call => Answer.Ok(WithCount(call)));
        rest.App("GET", "/app/installations", Installations);
        rest.App("GET", "/app/installations/{id}", call => Found(call, i => Answer.Ok(call.Shapes.Installation(i))));
        rest.App("DELETE", "/app/installations/{id}", call => Found(call, i => Done(() => call.GitHub.Uninstall(i, call.Actor))));
        rest.App("PUT", "/app/installations/{id}/suspended", call => Found(call, i => Done(() => call.GitHub.Suspend(i, call.Actor))));
        rest.App("DELETE", "/app/installations/{id}/suspended", call => Found(call, i => Done(() => call.GitHub.Unsuspend(i, call.Actor))));
        rest.App("POST", "/app/installations/{id}/access_tokens", call => Found(call, i => AccessTokens.Create(call, i)));
        rest.App("GET", "/orgs/{login}/installation", OfAccount);
        rest.App("GET", "/users/{login}/installation", OfAccount);
        rest.App("GET", "/repos/{owner}/{repo}/installation", OfRepository);
        rest.App("GET", "/app/hook/config", call => Answer.Ok(HookConfig(call.Caller.App!)));
        rest.App("PATCH", "/app/hook/config", SetHookConfig);
    }

    private static Answer Convert(Call call)
    {
        if (call.GitHub.TakeManifestCode(call.Route("code")) is not { } app)
        {
            return Answer.NotFound();
        }
        var body = call.Shapes.App(app);
        body["client_secret"] = app.ClientSecret;
        body["webhook_secret"] = app.WebhookSecret;
        body["pem"] = app.PrivateKeyPem;
        return Answer.Created(body);
    }

    private static JsonObject WithCount(Call call)
    {
        var app = call.Caller.App!;
        var body = call.Shapes.App(app);
        body["installations_count"] = call.State.Installations.Values.Count(i => i.App == app && !i.IsDeleted);
        return body;
    }

    private static Answer Installations(Call call) =>
        call.Page([.. call.State.Installations.Values.Where(i => i.App == call.Caller.App && !i.IsDeleted)], i => call.Shapes.Installation(i));

    private static Answer Found(Call call, Func<DoubleInstallation, Answer> found) =>
        call.State.Installations.TryGetValue(call.RouteId("id"), out var installation) && installation.App == call.Caller.App && !installation.IsDeleted
            ? found(installation)
            : Answer.NotFound();

    private static Answer Done(Action change)
    {
        change();
        return Answer.NoContent();
    }

    private static Answer OfAccount(Call call) =>
        call.State.Account(call.Route("login")) is { } account && call.State.InstallationOf(call.Caller.App!, account) is { } installation
            ? Answer.Ok(call.Shapes.Installation(installation))
            : Answer.NotFound();

    private static Answer OfRepository(Call call) =>
        call.State.Repository($"{call.Route("owner")}/{call.Route("repo")}", out _) is { } repository
        && call.State.InstallationOf(call.Caller.App!, repository.Owner) is { } installation && installation.Covers(repository)
            ? Answer.Ok(call.Shapes.Installation(installation))
            : Answer.NotFound();

    private static JsonObject HookConfig(DoubleApp app)
    {
        var config = new JsonObject { ["content_type"] = app.HookContentType, ["insecure_ssl"] = "0" };
        if (!string.IsNullOrEmpty(app.WebhookSecret))
        {
            config["secret"] = "********";
        }
        config["url"] = app.HookUrl;
        return config;
    }

    private static Answer SetHookConfig(Call call)
    {
        var app = call.Caller.App!;
        if (call.Text("url") is { } url && !Uri.TryCreate(url, UriKind.Absolute, out _))
        {
            return Answer.Invalid("Hook", "url", "custom", "url is not a valid URL");
        }
        call.GitHub.SetHook(app, call.Text("url"), call.Text("content_type"), call.Text("secret"));
        return Answer.Ok(HookConfig(app));
    }
}

/// <summary>The tokens of an installation: an hour long, for all it covers or for less.</summary>
internal static class AccessTokens
{
    public static Answer Create(Call call, DoubleInstallation installation)
    {
        if (installation.IsSuspended)
        {
            return Answer.Error(403, "This installation has been suspended");
        }
        var covered = call.State.CoveredBy(installation).ToList();
        List<DoubleRepository>? chosen = null;
        if (call.Body["repository_ids"] is JsonArray ids)
        {
            var wanted = ids.Select(n => n!.GetValue<long>()).ToHashSet();
            chosen = [.. covered.Where(r => wanted.Contains(r.Id))];
            if (chosen.Count < wanted.Count)
            {
                return NotCovered();
            }
        }
        if (call.Body["repositories"] is JsonArray names)
        {
            var wanted = names.Select(n => n!.GetValue<string>()).ToHashSet(StringComparer.OrdinalIgnoreCase);
            var named = covered.Where(r => wanted.Contains(r.Name)).ToList();
            if (named.Count < wanted.Count)
            {
                return NotCovered();
            }
            chosen = [.. (chosen ?? []).Union(named)];
        }
        if (chosen is { Count: > 500 })
        {
            return Answer.Error(422, "Maximum number of repositories (500) exceeded.");
        }
        if (Permissions(call, installation) is not { } permissions)
        {
            return Answer.Error(422, "The permissions requested are not granted to this installation.");
        }
        // An empty list restricts nothing.
        chosen = chosen is { Count: 0 } ? null : chosen;
        var token = call.State.Add(new DoubleToken($"ghs_{Tokens.Random(36)}", TokenKind.Installation)
        {
            Expires = call.State.Now.AddHours(1),
            Installation = installation,
            Repositories = chosen?.Select(r => r.Id).ToHashSet(),
            Permissions = call.Body["permissions"] is JsonObject ? permissions : null,
        });
        var body = new JsonObject
        {
            ["token"] = token.Value,
            ["expires_at"] = Shapes.Time(token.Expires!.Value),
            ["permissions"] = Shapes.Map(permissions),
            ["repository_selection"] = chosen is null ? installation.Selection : "selected",
        };
        if (chosen is not null)
        {
            body["repositories"] = new JsonArray([.. chosen.Select(call.Shapes.Repository)]);
        }
        return Answer.Created(body);
    }

    private static Answer NotCovered() =>
        Answer.Error(422, "There is at least one repository that does not exist or is not accessible to the parent installation.");

    private static IReadOnlyDictionary<string, string>? Permissions(Call call, DoubleInstallation installation)
    {
        if (call.Body["permissions"] is not JsonObject { Count: > 0 } wanted)
        {
            return installation.Permissions;
        }
        var asked = wanted.ToDictionary(p => p.Key, p => p.Value!.ToString());
        if (asked.Any(p => Caller.Parse(p.Value) == Level.None || Caller.Parse(p.Value) > Caller.Granted(installation.Permissions, p.Key)))
        {
            return null;
        }
        asked.TryAdd("metadata", "read");
        return asked;
    }
}
