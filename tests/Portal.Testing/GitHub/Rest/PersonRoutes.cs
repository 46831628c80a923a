using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>What a person's token asks: who that is, and which of an app's installations that one may use.</summary>
internal static class PersonRoutes
{
    public static void Map(RestDoor rest)
    {
        rest.Person("GET", "/user", call => Answer.Ok(call.Shapes.Profile(call.Caller.User!)));
        rest.Person("GET", "/user/emails", Emails);
        rest.Person("GET", "/user/installations", Installations);
        rest.Person("GET", "/user/installations/{id}/repositories", Repositories);
        rest.Anybody("GET", "/users/{login}", call => call.State.Account(call.Route("login")) is { } account ? Answer.Ok(call.Shapes.Profile(account)) : Answer.NotFound());
    }

    private static Answer Emails(Call call)
    {
        var token = call.Caller.Token!;
        var may = token.App is { } app ? app.Permissions.ContainsKey("emails") || app.Permissions.ContainsKey("email_addresses") : token.Scopes.Contains("user", StringComparison.Ordinal);
        if (!may)
        {
            return token.App is null ? Answer.NotFound() : Answer.Error(403, "Resource not accessible by integration");
        }
        var user = call.Caller.User!;
        JsonNode Email(string address, bool primary) => new JsonObject { ["email"] = address, ["primary"] = primary, ["verified"] = true, ["visibility"] = primary ? "private" : null };
        return call.Page([(user.Email, true), (user.NoReplyEmail, false)], e => Email(e.Item1, e.Item2));
    }

    private static Answer Installations(Call call)
    {
        if (call.Caller.Token!.App is null)
        {
            return Answer.Error(403, "You must authenticate with an access token authorized to a GitHub App in order to list installations");
        }
        List<DoubleInstallation> mine = [.. call.Caller.Reach.Where(i => Uses(call, i))];
        return call.Page(mine, i => call.Shapes.Installation(i), page => new JsonObject { ["total_count"] = mine.Count, ["installations"] = page });
    }

    private static Answer Repositories(Call call)
    {
        if (call.Caller.Reach.FirstOrDefault(i => i.Id == call.RouteId("id") && Uses(call, i)) is not { } installation)
        {
            return Answer.NotFound();
        }
        List<DoubleRepository> seen = [.. call.State.CoveredBy(installation).Where(call.Caller.Sees)];
        return call.Page(seen, r => call.Shapes.Repository(r, call.Caller), page => new JsonObject { ["total_count"] = seen.Count, ["repository_selection"] = installation.Selection, ["repositories"] = page });
    }

    private static bool Uses(Call call, DoubleInstallation installation) => call.Caller.User!.BelongsTo(installation.Account);
}
