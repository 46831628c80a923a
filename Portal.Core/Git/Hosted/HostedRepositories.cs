using System.Collections.Concurrent;
using Portal.Core.Common;

namespace Portal.Core.Git.Hosted;

/// <summary>
/// The bare repositories that people push to: <c>{Portal:Repositories}/{app id}.git</c>, owned by the user of git, made
/// when first needed. Named by id, so that renaming or reusing a slug never leads to another app's code.
/// </summary>
public sealed class HostedRepositories(GitCommand git, PortalOptions options)
{
    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _making = new();

    public string FolderOf(Guid app) => Path.Combine(options.Repositories, $"{app}.git");

    public bool Exists(Guid app) => File.Exists(Path.Combine(FolderOf(app), "HEAD"));

    public async Task<string> EnsureAsync(Guid app, CancellationToken cancellationToken)
    {
        var folder = FolderOf(app);
        if (Exists(app))
        {
            return folder;
        }
        var gate = _making.GetOrAdd(app, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!Exists(app))
            {
                // Harmless when another process does the same at the same time: init is repeatable.
                var made = await git.RunAsync(new GitCall("init", "--quiet", "--bare", "--template=", "--initial-branch=main", "--", folder), cancellationToken);
                if (!made.Succeeded)
                {
                    throw new PortalException(Refusal.Unavailable, $"The repository could not be made: {made.Error}");
                }
            }
        }
        finally
        {
            gate.Release();
        }
        return folder;
    }

    /// <summary>Lets clones start at <paramref name="branch"/>.</summary>
    public Task PointHeadAsync(Guid app, string branch, CancellationToken cancellationToken) =>
        git.RunAsync(new GitCall("symbolic-ref", "HEAD", RefNames.Branches + branch) { Repository = FolderOf(app) }, cancellationToken);

    /// <summary>Packs what many pushes left as single objects; cheap when there is little to do.</summary>
    public Task TidyAsync(Guid app, CancellationToken cancellationToken) =>
        git.RunAsync(new GitCall("gc", "--quiet", "--auto")
        {
            Repository = FolderOf(app),
            Config = [new("gc.auto", "2000"), new("gc.autoDetach", "false")],
            Limit = TimeSpan.FromMinutes(10),
        }, cancellationToken);
}
