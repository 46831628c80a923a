using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Core.Git.GitHub;

/// <summary>
/// What the App is registered as: its permissions are the least that Portal's own features need. Format:
/// https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest.
/// </summary>
public static class GitHubManifest
{
    /// <summary>GitHub's limit for the name of an App.</summary>
    public const int MaxName = 34;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly string[] Events = ["push", "pull_request", "repository", "check_run", "check_suite", "status", "delete"];

    /// <param name="publicUrl">Portal's address.</param>
    /// <param name="webhook">Whether the host can send deliveries to it.</param>
    public static string Write(string publicUrl, Guid connection, bool webhook) => JsonSerializer.Serialize(new
    {
        Name = NameFor(publicUrl),
        Url = publicUrl,
        Description = "Builds and deploys what is pushed, and reports back.",
        HookAttributes = webhook ? new { Url = $"{publicUrl}/webhooks/git/{connection}", Active = true } : null,
        RedirectUrl = $"{publicUrl}{GitHubDoors.Created}",
        SetupUrl = $"{publicUrl}{GitHubDoors.Installed}/{connection}",
        SetupOnUpdate = true,
        CallbackUrls = new[] { $"{publicUrl}{GitHubDoors.SignedIn}" },
        Public = false,
        DefaultPermissions = new
        {
            Contents = "read",
            Metadata = "read",
            Checks = "write",
            Deployments = "write",
            Statuses = "write",
            PullRequests = "write",
            // Of people who sign in with it, and agree to it.
            Emails = "read",
        },
        DefaultEvents = webhook ? Events : null,
    }, Json);

    /// <summary>Names of Apps are unique in all of GitHub, so Portal's host is part of it; the person may change it there.</summary>
    internal static string NameFor(string publicUrl)
    {
        var name = $"Portal {new Uri(publicUrl).Host}";
        return name.Length <= MaxName ? name : name[..MaxName].TrimEnd('.', '-');
    }
}

/// <summary>Where GitHub sends a person back to; paths below Portal's address.</summary>
public static class GitHubDoors
{
    public const string Created = "/connect/github/created";
    public const string Installed = "/connect/github/installed";
    public const string SignedIn = "/connect/github/signed-in";
}
