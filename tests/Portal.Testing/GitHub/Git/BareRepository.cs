using System.Globalization;

namespace Portal.Testing.GitHub;

/// <summary>What a reference was and is; the zeros of <see cref="Nothing"/> where it was or is not.</summary>
internal sealed record RefChange(string Ref, string Before, string After)
{
    public static readonly string Nothing = new('0', 40);

    public bool Created => Before == Nothing;

    public bool Deleted => After == Nothing;

    public bool IsTag => Ref.StartsWith("refs/tags/", StringComparison.Ordinal);

    public string ShortName => Ref[(Ref.IndexOf('/', 5) + 1)..];
}

/// <summary>A bare git folder, made when it is first needed. Who changes references holds <see cref="Writing"/>.</summary>
internal sealed class BareRepository(string folder, TimeProvider time)
{
    private const string Settings =
        "[http]\n\treceivepack = true\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n[receive]\n\thideRefs = refs/pull\n";

    private readonly SemaphoreSlim _making = new(1, 1);
    private volatile bool _made;

    public string Folder => folder;

    /// <summary>Another folder of which this one becomes a copy.</summary>
    public string? CloneFrom { get; init; }

    public SemaphoreSlim Writing { get; } = new(1, 1);

    public async Task EnsureAsync()
    {
        if (_made)
        {
            return;
        }
        await _making.WaitAsync();
        try
        {
            if (!_made)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
                await GitProcess.RunAsync(null, CloneFrom is null
                    ? ["init", "--bare", "--quiet", "--initial-branch=main", folder]
                    : ["clone", "--bare", "--quiet", "--no-hardlinks", "--", CloneFrom, folder]);
                await File.AppendAllTextAsync(Path.Combine(folder, "config"), Settings);
                _made = true;
            }
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>Branches and tags → the object they name: for an annotated tag the tag itself.</summary>
    public async Task<IReadOnlyDictionary<string, string>> RefsAsync(params string[] patterns)
    {
        if (await IsEmptyAsync())
        {
            return new Dictionary<string, string>();
        }
        var listed = await GitProcess.RunAsync(folder, ["for-each-ref", "--format=%(objectname) %(refname)", .. patterns is [] ? ["refs/heads", "refs/tags"] : patterns]);
        return listed.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToDictionary(l => l[41..], l => l[..40]);
    }

    /// <summary>The commit that a name means, or null.</summary>
    public async Task<string?> CommitOfAsync(string revision)
    {
        if (await IsEmptyAsync())
        {
            return null;
        }
        var found = await GitProcess.RunAsync(folder, ["rev-parse", "--verify", "--quiet", "--end-of-options", $"{revision}^{{commit}}"], mayFail: true);
        return found.ExitCode == 0 ? found.Line : null;
    }

    public async Task<string?> BranchAsync(string branch) => branch.Length == 0 ? null : await CommitOfAsync($"refs/heads/{branch}");

    public async Task<bool> IsAncestorAsync(string older, string newer) =>
        (await GitProcess.RunAsync(folder, ["merge-base", "--is-ancestor", older, newer], mayFail: true)).ExitCode == 0;

    public Task UpdateRefAsync(string name, string? value) =>
        GitProcess.RunAsync(folder, value is null ? ["update-ref", "-d", name] : ["update-ref", name, value]);

    public Task SetHeadAsync(string branch) => GitProcess.RunAsync(folder, ["symbolic-ref", "HEAD", $"refs/heads/{branch}"]);

    public Task FetchAsync(string from, string revision, string into) =>
        GitProcess.RunAsync(folder, ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", from, $"+{revision}:{into}"]);

    /// <summary>An annotated tag object; the caller names it.</summary>
    public async Task<string> TagObjectAsync(string commit, string name, string message, DoubleAccount by)
    {
        var who = By(by);
        var text = $"object {commit}\ntype commit\ntag {name}\ntagger {who.Name} <{who.Email}> {Seconds} +0000\n\n{message}\n";
        return (await GitProcess.RunAsync(folder, ["mktag"], System.Text.Encoding.UTF8.GetBytes(text))).Line;
    }

    /// <summary>The tree of merging both, or null when they conflict.</summary>
    public async Task<string?> MergeTreeAsync(string ours, string theirs)
    {
        var merged = await GitProcess.RunAsync(folder, ["merge-tree", "--write-tree", ours, theirs], mayFail: true);
        return merged.ExitCode == 0 ? merged.Line : null;
    }

    public async Task<string> CommitTreeAsync(string tree, string message, DoubleAccount by, params string[] parents)
    {
        var who = By(by);
        var environment = new Dictionary<string, string>
        {
            ["GIT_AUTHOR_NAME"] = who.Name,
            ["GIT_AUTHOR_EMAIL"] = who.Email,
            ["GIT_AUTHOR_DATE"] = $"{Seconds} +0000",
            ["GIT_COMMITTER_NAME"] = "GitHub",
            ["GIT_COMMITTER_EMAIL"] = "noreply@github.com",
            ["GIT_COMMITTER_DATE"] = $"{Seconds} +0000",
        };
        return (await GitProcess.RunAsync(folder, ["commit-tree", tree, "-m", message, .. parents.SelectMany(p => new[] { "-p", p })], environment: environment)).Line;
    }

    /// <summary>One process for a commit of any size.</summary>
    public async Task<string> CommitAsync(
        string branch, string? parent, IReadOnlyDictionary<string, string> files, IReadOnlyCollection<string> removed, string message, DoubleAccount by)
    {
        var who = By(by);
        using var stream = new MemoryStream();
        Write(stream, $"commit refs/heads/{branch}\nauthor {who.Name} <{who.Email}> {Seconds} +0000\ncommitter {who.Name} <{who.Email}> {Seconds} +0000\n");
        Data(stream, message);
        if (parent is not null)
        {
            Write(stream, $"from {parent}\n");
        }
        foreach (var (path, content) in files)
        {
            Write(stream, $"M {(content.StartsWith("#!", StringComparison.Ordinal) ? "100755" : "100644")} inline {path}\n");
            Data(stream, content);
        }
        foreach (var path in removed)
        {
            Write(stream, $"D {path}\n");
        }
        await GitProcess.RunAsync(folder, ["fast-import", "--quiet", "--force"], stream.ToArray());
        return (await BranchAsync(branch))!;
    }

    private async Task<bool> IsEmptyAsync()
    {
        if (!_made && CloneFrom is not null)
        {
            await EnsureAsync();
        }
        return !_made;
    }

    private string Seconds => time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private static (string Name, string Email) By(DoubleAccount account) => (account.Login, account.NoReplyEmail);

    private static void Write(MemoryStream stream, string text) => stream.Write(System.Text.Encoding.UTF8.GetBytes(text));

    private static void Data(MemoryStream stream, string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        Write(stream, $"data {bytes.Length}\n");
        stream.Write(bytes);
        Write(stream, "\n");
    }
}
