using Portal.Core.Common;
using Portal.Core.Triggers;

namespace Portal.Web.Components.Pages.Activity;

/// <summary>What somebody did, in words: the trail's act and target as the rest of a sentence that begins with their name.</summary>
public static class DeedWords
{
    private const int Named = 4;

    /// <param name="deeds">One, or several of one kind in one place.</param>
    public static string Sentence(IReadOnlyList<Deed> deeds)
    {
        var deed = deeds[0];
        var rest = Rest(deed);
        return deed.Action switch
        {
            "member.add" => $"added {rest}{As(deed.Role)}",
            "member.change" => $"made {rest} {Of(deed.Role)}{(deed.RoleBefore is { } was ? $", before {Of(was)}" : "")}",
            "member.remove" => rest == deed.Actor ? "left the team" : $"removed {rest} from the team",
            "invitation.create" => $"made an invitation{As(deed.Role)}",
            "invitation.revoke" => $"revoked an invitation{As(deed.RoleBefore)}",
            "invitation.accept" => $"joined the team{As(deed.Role)}",
            "join.ask" => "asked to join",
            "join.accept" => $"let {rest} in{As(deed.Role)}",
            "join.decline" => $"declined {rest}",
            "token.create" => $"made the {deed.Target}",
            "token.revoke" => $"revoked the {deed.Target}",
            "team.create" => "made the team",
            "team.rename" => "renamed the team",
            "app.create" => "made the app",
            "app.change" => $"changed {Fields(deed, "how it is built")}",
            "app.delete" => "deleted the app",
            "app.webhook-secret" => "made a new webhook secret",
            "environment.create" => $"made the environment {rest}",
            "environment.change" => $"changed {Fields(deed, "settings")} of {Place(deed)}",
            "environment.delete" => $"deleted the environment {Place(deed)}",
            "environment.pause" => $"paused deploys to {Place(deed)}",
            "environment.resume" => $"resumed deploys to {Place(deed)}",
            "variable.set" => $"set {Keys(deeds)} in {Place(deed)}",
            "variable.remove" => $"removed {Keys(deeds)} from {Place(deed)}",
            "add-on.create" => $"added {AddOn(deed)} to {Place(deed)}",
            "add-on.remove" => $"removed {AddOn(deed)} from {Place(deed)}",
            "deploy.request" => $"asked for a deploy to {Place(deed)}",
            "push.decide" => $"had the push to {rest} decided again",
            "build.cancel" => $"stopped {rest}",
            "release.cancel" => $"stopped the release in {Place(deed)}",
            _ => $"{deed.Action} {deed.Target}",
        };
    }

    /// <summary>As the beginning of a line, beside which the person stands.</summary>
    public static string Capital(string sentence) => char.ToUpperInvariant(sentence[0]) + sentence[1..];

    /// <summary>The environment of "shop/api production LOG_LEVEL".</summary>
    public static string Place(Deed deed) => Rest(deed).Split(' ')[0];

    /// <summary>The target without the team, or the team's app, that it begins with.</summary>
    private static string Rest(Deed deed) => deed.Target.IndexOf(' ') is var space and > 0 ? deed.Target[(space + 1)..] : deed.Target;

    private static string Last(Deed deed) => deed.Target[(deed.Target.LastIndexOf(' ') + 1)..];

    private static string AddOn(Deed deed) => Last(deed) is "postgresql" or "PostgreSql" ? "PostgreSQL" : Last(deed);

    private static string Keys(IReadOnlyList<Deed> deeds)
    {
        var keys = deeds.Select(Last).Distinct().Order(StringComparer.Ordinal).ToList();
        return keys.Count <= Named ? string.Join(", ", keys) : $"{string.Join(", ", keys.Take(Named - 1))} and {keys.Count - Named + 1} more";
    }

    private static string Fields(Deed deed, string none) => deed.Fields.Count == 0 ? none : string.Join(", ", deed.Fields.Select(Field));

    private static string Field(string name) => name switch
    {
        "branch" => "the branch",
        "deployOn" => "when it deploys",
        "scale" => "the scale",
        "healthPath" => "the health path",
        "fixedPort" => "the port",
        "sourceUrl" => "the git address",
        "directory" => "the folder",
        "planOverrides" => "the build commands",
        _ => name,
    };

    private static string As(TeamRole? role) => role is null ? "" : $" as {Of(role)}";

    private static string Of(TeamRole? role) => role?.ToString().ToLowerInvariant() ?? "member";
}
