using Portal.Core.Common;

namespace Portal.Core.Git.Plain;

/// <summary>A deploy key on disk for one call: mode 0600 in a folder of mode 0700.</summary>
internal sealed class KeyFile : IDisposable
{
    private readonly string _folder;

    private KeyFile(string folder) => _folder = folder;

    public string File => Path.Combine(_folder, "key");

    public static async Task<KeyFile> WriteAsync(GitSource source, string user, CancellationToken cancellationToken)
    {
        if (source.DeployKey is null)
        {
            throw new PortalException(Refusal.Denied, "This app has no deploy key yet; make one in its settings and add it at the git host.");
        }
        var key = new KeyFile(Directory.CreateTempSubdirectory("portal-key-").FullName);
        try
        {
            var how = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            await using (var stream = new FileStream(key.File, how))
            {
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(source.DeployKey.TrimEnd() + "\n"), cancellationToken);
            }
            await GitCommand.GiveAsync(user, key.File, cancellationToken);
            await GitCommand.GiveAsync(user, key._folder, cancellationToken);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
