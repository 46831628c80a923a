using System.Buffers;
using System.Security.Cryptography;
using Portal.Core.Common;

namespace Portal.Core.Git.LargeFiles;

/// <summary>Large files by their hash, laid out as git-lfs does: <c>objects/ab/cd/abcd…</c>. One that is there is whole.</summary>
internal sealed class LargeFileFolder(string root)
{
    private string Incoming => Path.Combine(root, "incoming");

    private string Objects => Path.Combine(root, "objects");

    public string PathOf(string oid) => Path.Combine(Objects, oid[..2], oid[2..4], oid);

    /// <summary>Its size; null when it is not there.</summary>
    public long? SizeOf(string oid) => new FileInfo(PathOf(oid)) is { Exists: true } file ? file.Length : null;

    public IEnumerable<FileInfo> All() => Directory.Exists(Objects) ? new DirectoryInfo(Objects).EnumerateFiles("*", SearchOption.AllDirectories) : [];

    public void Touch(string oid, DateTimeOffset now)
    {
        try
        {
            File.SetLastWriteTimeUtc(PathOf(oid), now.UtcDateTime);
        }
        catch (FileNotFoundException)
        {
            // It was removed in between, and whoever needs it says so.
        }
    }

    /// <summary>Keeps what comes in when it is what its name says, else nothing.</summary>
    /// <exception cref="PortalException">It is longer, shorter or another file.</exception>
    public async Task StoreAsync(LargeFilePointer file, Stream content, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Incoming);
        var part = Path.Combine(Incoming, Guid.NewGuid().ToString("N"));
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using (var to = new FileStream(part, FileMode.CreateNew, FileAccess.Write))
            {
                long total = 0;
                int read;
                while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
                {
                    if ((total += read) > file.Size)
                    {
                        throw new PortalException(Refusal.Invalid, $"The large file {file.Oid[..10]} has more than the {file.Size} bytes that were announced.");
                    }
                    hash.AppendData(buffer, 0, read);
                    await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }
                if (total != file.Size || Convert.ToHexStringLower(hash.GetHashAndReset()) != file.Oid)
                {
                    throw new PortalException(Refusal.Invalid, $"The large file {file.Oid[..10]} did not arrive whole; send it again.");
                }
                to.Flush(flushToDisk: true);
            }
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf(file.Oid))!);
            File.Move(part, PathOf(file.Oid), overwrite: true);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            File.Delete(part);
        }
    }

    /// <summary>Removes what the caller does not want to keep, and what uploads that broke off left behind.</summary>
    public void Prune(Func<FileInfo, bool> keep, DateTimeOffset brokenBefore)
    {
        foreach (var file in All().Where(f => !keep(f)).ToList())
        {
            file.Delete();
        }
        foreach (var part in Directory.Exists(Incoming) ? new DirectoryInfo(Incoming).EnumerateFiles() : [])
        {
            if (part.LastWriteTimeUtc < brokenBefore.UtcDateTime)
            {
                part.Delete();
            }
        }
    }
}
