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

    /// <summary>Makes the first commit of an empty repository from files in memory, on the branch main.</summary>
    /// <param name="author">A person's name; signs that would end a line or the name are left out.</param>
    /// <returns>The commit, for the push that it stands for.</returns>
    public async Task<RefUpdate> BeginAsync(Guid app, IReadOnlyDictionary<string, byte[]> files, string author, string message, DateTimeOffset at, CancellationToken cancellationToken)
    {
        const string Ref = RefNames.Branches + "main";
        var folder = await EnsureAsync(app, cancellationToken);
        var made = await git.RunAsync(new GitCall("fast-import", "--quiet", "--date-format=raw") { Repository = folder, Input = FastImport.Write(Ref, files, author, message, at) }, cancellationToken);
        var commit = made.Succeeded ? await git.RunAsync(new GitCall("rev-parse", "--verify", "--quiet", Ref) { Repository = folder }, cancellationToken) : made;
        return commit.Succeeded ? new RefUpdate(RefNames.Zero, commit.Text.Trim(), Ref)
            : throw new PortalException(Refusal.Unavailable, $"The files could not be put into the repository: {commit.Error}");
    }

    /// <summary>Clones start at the branch that was pushed first; of several, at main or master.</summary>
    public async Task GiveHeadAsync(Guid app, IReadOnlyList<RefUpdate> updates, CancellationToken cancellationToken)
    {
        var folder = FolderOf(app);
        var branches = updates.Where(u => !RefNames.IsZero(u.After) && RefNames.Branch(u.Ref) is not null).Select(u => u.Ref).ToList();
        if (branches.Count == 0 || (await git.RunAsync(new GitCall("rev-parse", "--verify", "--quiet", "HEAD^{commit}") { Repository = folder }, cancellationToken)).Succeeded)
        {
            return;
        }
        var head = branches.FirstOrDefault(b => b is "refs/heads/main" or "refs/heads/master") ?? branches[0];
        await git.RunAsync(new GitCall("symbolic-ref", "HEAD", head) { Repository = folder }, cancellationToken);
    }

    /// <summary>Differs when a ref may have moved since; 0 without a repository. Reads the folder only, no program is started.</summary>
    public long StateOf(Guid app)
    {
        if (!Exists(app))
        {
            return 0;
        }
        var folder = new DirectoryInfo(FolderOf(app));
        var state = new HashCode();
        state.Add(new FileInfo(Path.Combine(folder.FullName, "packed-refs")).LastWriteTimeUtc.Ticks);
        foreach (var entry in new DirectoryInfo(Path.Combine(folder.FullName, "refs")).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).OrderBy(e => e.FullName, StringComparer.Ordinal))
        {
            state.Add(entry.FullName);
            state.Add(entry.LastWriteTimeUtc.Ticks);
        }
        // Never 0, which means that there is none.
        return (uint)state.ToHashCode() | (1L << 40);
    }

    /// <summary>Packs what many pushes left as single objects; cheap when there is little to do.</summary>
    public Task TidyAsync(Guid app, CancellationToken cancellationToken) =>
        git.RunAsync(new GitCall("gc", "--quiet", "--auto")
        {
            Repository = FolderOf(app),
            Config = [new("gc.auto", "2000"), new("gc.autoDetach", "false")],
            Limit = TimeSpan.FromMinutes(10),
        }, cancellationToken);
}
