using Portal.Core.Common;
using Portal.Core.Git.GitHub;

namespace Portal.Web.Auth;

/// <summary>A way in besides the password.</summary>
/// <param name="Provider">What identities of it are kept under.</param>
/// <param name="Path">Leaves for it.</param>
public sealed record SignInWay(string Provider, string Name, string Icon, string Path);

/// <summary>The ways that are offered now: providers of the settings, then each GitHub that is connected.</summary>
internal sealed class SignInWays(PortalOptions options, GitHubSignIn github)
{
    public async Task<IReadOnlyList<SignInWay>> ListAsync(CancellationToken cancellationToken)
    {
        var places = await github.PlacesAsync(cancellationToken);
        return
        [
            .. options.SignIn.Oidc.Select((provider, number) => new SignInWay(provider.Provider, provider.Name.Trim(), "key", OidcDoor.Leave(number))),
            .. places.Select(place => new SignInWay(ProviderOf(place), places.Count == 1 ? NameOf(place) : $"GitHub at {place.Host}", "github", GitHubDoor.Leave(place.Connection))),
        ];
    }

    /// <summary>As people know a provider that may not be offered any more.</summary>
    public static string NameOf(string provider, IEnumerable<SignInWay> offered) =>
        offered.FirstOrDefault(way => way.Provider == provider)?.Name
        ?? (provider.StartsWith("github:", StringComparison.Ordinal) ? $"GitHub at {provider["github:".Length..]}" : Uri.TryCreate(provider["oidc:".Length..], UriKind.Absolute, out var authority) ? authority.Host : provider);

    public static string ProviderOf(GitHubPlace place) => $"github:{place.Host}";

    public static string NameOf(GitHubPlace place) => place.WebUrl == GitHubAddress.Public ? "GitHub" : $"GitHub at {place.Host}";
}
