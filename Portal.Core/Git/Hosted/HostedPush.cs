using System.Text;

namespace Portal.Core.Git.Hosted;

/// <summary>One line that git tells a post-receive hook.</summary>
/// <param name="Before">All zeros when the ref is new.</param>
/// <param name="After">All zeros when the ref was deleted.</param>
public sealed record RefUpdate(string Before, string After, string Ref);

/// <summary>
/// What one push changed, as our post-receive hook wrote it down: a private folder that the hook finds in its environment.
/// The hook runs after git has moved the refs; should nobody read the note, the heads are reconciled all the same.
/// </summary>
public sealed class HostedPush : IDisposable
{
    /// <summary>Beyond this the rest is left to the reconciler.</summary>
    private const int MaxNoteBytes = 1024 * 1024;

    private const string Hook = """
        #!/bin/sh
        # Notes which refs a push moved. Written anew by Portal; edits are lost.
        [ -n "$PORTAL_PUSH" ] || exit 0
        cat >"$PORTAL_PUSH/refs.part" && mv "$PORTAL_PUSH/refs.part" "$PORTAL_PUSH/refs"
        """;

    private readonly string _folder;

    private HostedPush(string folder) => _folder = folder;

    /// <summary>For the environment of <c>git receive-pack</c>.</summary>
    public KeyValuePair<string, string> Variable => new("PORTAL_PUSH", _folder);

    public static async Task<HostedPush> BeginAsync(string user, CancellationToken cancellationToken)
    {
        var push = new HostedPush(Directory.CreateTempSubdirectory("portal-push-").FullName);
        await GitCommand.GiveAsync(user, push._folder, cancellationToken);
        return push;
    }

    /// <summary>Writes the hook below <paramref name="repositories"/>, where only Portal writes, and returns its folder.</summary>
    public static async Task<string> InstallHookAsync(string repositories, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(repositories, ".hooks");
        var file = Path.Combine(folder, "post-receive");
        if (!File.Exists(file) || await File.ReadAllTextAsync(file, cancellationToken) != Hook)
        {
            Directory.CreateDirectory(folder);
            var made = $"{file}.{Guid.NewGuid():N}";
            await File.WriteAllTextAsync(made, Hook, cancellationToken);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(made, (UnixFileMode)0b111_101_101);
            }
            File.Move(made, file, overwrite: true);
        }
        return folder;
    }

    /// <summary>Empty when no ref moved.</summary>
    public async Task<IReadOnlyList<RefUpdate>> ReadAsync(CancellationToken cancellationToken)
    {
        var file = Path.Combine(_folder, "refs");
        if (!File.Exists(file))
        {
            return [];
        }
        await using var stream = File.OpenRead(file);
        var bytes = new byte[Math.Min(stream.Length, MaxNoteBytes)];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        return Parse(Encoding.UTF8.GetString(bytes));
    }

    internal static IReadOnlyList<RefUpdate> Parse(string note)
    {
        var updates = new List<RefUpdate>();
        // A cut last line has no line break.
        foreach (var line in note[..(note.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(' ', 3);
            if (parts.Length == 3 && RefNames.IsCommit(parts[0]) && RefNames.IsCommit(parts[1]) && RefNames.IsValid(parts[2]))
            {
                updates.Add(new RefUpdate(parts[0], parts[1], parts[2]));
            }
        }
        return updates;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // A hook of a killed push may still write; the folder is empty but for its note.
        }
    }
}
