using Portal.Core.Apps;
using Portal.Core.Git.Hosted;

namespace Portal.Testing;

/// <summary>The team “shop”, of whose apps a test says which have a repository.</summary>
public sealed class FakeTeamRepositories : ITeamRepositories
{
    public Dictionary<string, Guid> Apps { get; } = [];

    public Task<AppPath> PathOfAsync(Guid app, CancellationToken cancellationToken) => Task.FromResult(new AppPath("shop", "web"));

    public Task<Guid?> FindAsync(Guid app, AppPath path, CancellationToken cancellationToken) =>
        Task.FromResult(path.Team == "shop" && Apps.TryGetValue(path.App, out var found) ? found : (Guid?)null);
}
