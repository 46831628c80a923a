using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Git.Hosted;
using Portal.Core.Git.LargeFiles;
using Portal.Core.Git.Plain;

namespace Portal.Core.Git;

public static class GitServices
{
    /// <summary>Needs <see cref="PortalOptions"/>, <see cref="SecretBox"/> and <see cref="PortalData"/>.</summary>
    public static IServiceCollection AddPortalGit(this IServiceCollection services)
    {
        services.AddSingleton<GitCommand>();
        services.AddSingleton<RepositoryReader>();
        services.AddSingleton<LargeFileScan>();
        services.AddSingleton<Checkout>();
        services.AddSingleton<HostedRepositories>();
        services.AddSingleton<LargeFileStore>();
        services.AddSingleton<ITeamRepositories, TeamRepositories>();
        services.AddSingleton(provider => new RepositoryRetention(provider.GetRequiredService<HostedRepositories>(), provider.GetRequiredService<LargeFileStore>(),
            provider.GetRequiredService<LargeFileScan>(), provider.GetRequiredService<PortalOptions>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RepositoryRetention>>()));
        services.AddSingleton<HostedGit>();
        services.AddSingleton(provider => new Pinning(provider.GetRequiredService<PortalOptions>(), HttpClient.DefaultProxy));
        services.AddSingleton<RemoteGit>();
        services.AddSingleton<RemoteLargeFiles>();
        services.AddSingleton<Submodules>();
        services.AddSingleton<PlainGit>();
        services.AddSingleton(provider => new SourceGlance(provider.GetRequiredService<PlainGit>(), provider.GetRequiredService<RemoteGit>(), provider.GetRequiredService<PortalOptions>().Git));
        services.AddSingleton<IDeployKeyMaker, DeployKeys>();
        services.AddGitHub();
        services.AddSingleton<IGitHosts, GitHosts>();
        return services;
    }
}

internal sealed class GitHosts(HostedGit hosted, PlainGit plain, GitHubTokens tokens, SecretBox box) : IGitHosts
{
    public (IGitHost Host, GitSource Source) For(App app, bool toLook = false) => app.SourceKind switch
    {
        SourceKind.Portal => (hosted, new GitSource(SourceKind.Portal, app.Id)),
        SourceKind.GitHub => (plain, new GitSource(SourceKind.GitHub, app.Id, app.SourceUrl) { Access = tokens.For(app, toLook) }),
        _ => (plain, new GitSource(SourceKind.Git, app.Id, app.SourceUrl, app.DeployKey is { } key ? box.Open(SecretPurposes.DeployKey, key) : null, app.HostKeyGeneration)
        {
            Access = app.AccessToken is { } token ? new GitAccess(box.Open(SecretPurposes.AccessToken, token)) : null,
        }),
    };
}
