using System.Diagnostics;
using Portal.Core.Common;
using Portal.Core.Git.LargeFiles;

namespace Portal.Core.Git;

/// <summary>
/// Writes the files of one commit into a folder: <c>git archive</c>, as the owner of the repository, piped into <c>tar</c>,
/// as the user who shall own the files; what Git LFS keeps elsewhere is put in on the way (<see cref="LargeFileTar"/>). git
/// never writes into the folder and tar never sees the repository; tar lays symbolic links last and refuses "..", so that
/// no entry of a hostile tree is written outside the folder.
/// </summary>
internal sealed class Checkout(GitCommand git, LargeFileScan scan, PortalOptions options)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>A constant; the folder is its first argument, never part of its text.</summary>
    private const string AttributesScript =
        "mkdir -p -- \"$1/info\" && printf '* -export-ignore -export-subst\\n' >\"$1/info/attributes\" && : >\"$1/info/portal-attributes\"";

    public async Task<SourceTree> MeasureAsync(string repository, string commit, CheckoutLimits limits, CancellationToken cancellationToken)
    {
        // About 100 bytes an entry, and room for long paths.
        var listing = await git.RunAsync(new GitCall("ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        {
            Repository = repository,
            MaxOutput = 4096L * 1024 + (limits.Files * 400L),
        }, cancellationToken);
        if (!listing.Succeeded)
        {
            throw new PortalException(Refusal.NotFound, $"The commit {commit[..Math.Min(commit.Length, 10)]} is not in the repository.");
        }
        return SourceTree.Parse(listing.Output, limits);
    }

    /// <summary>Writes the files, those that are kept in Git LFS included, and says how much it wrote.</summary>
    /// <param name="fetch">Null leaves the pointers of Git LFS in the files' places.</param>
    /// <param name="limits">Bounds what goes through the pipe: conversions of line ends may make files larger than they are stored.</param>
    public async Task<CheckoutResult> WriteAsync(string repository, string commit, SourceTree tree, string folder, CheckoutLimits limits, LargeFileFetch? fetch, CancellationToken cancellationToken)
    {
        var pointers = fetch is null ? [] : await scan.OfCommitAsync(repository, commit, tree, cancellationToken);
        var large = pointers.Aggregate(0m, (sum, pointer) => sum + pointer.Size);
        if (tree.Bytes + large > limits.Bytes)
        {
            throw SourceTree.TooLarge(limits);
        }
        var files = pointers.Count > 0 ? await fetch!(pointers, cancellationToken) : null;
        await PlainAttributesAsync(repository, cancellationToken);
        Directory.CreateDirectory(folder);
        await GitCommand.GiveAsync(options.Users.Build, folder, cancellationToken);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        using var tar = GitCommand.StartAs(options.Users.Build, "tar", ["-x", "-f", "-", "--no-same-owner", "-C", folder], []);
        try
        {
            var tarSaid = GitCommand.ReadErrorAsync(tar, limit.Token);
            await PumpAsync(repository, commit, tar, limits, files, limit.Token);
            await tar.WaitForExitAsync(limit.Token);
            if (tar.ExitCode != 0)
            {
                throw new PortalException(Refusal.Invalid, $"The files of the commit could not be written: {await tarSaid}");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PortalException(Refusal.Unavailable, $"Writing the source did not end within {Limit.TotalMinutes:0} minutes.");
        }
        finally
        {
            GitCommand.Kill(tar);
        }
        return new CheckoutResult(tree.Files, tree.Bytes + (long)large);
    }

    /// <summary>tar may stop reading before the end: where it failed, and at the mark of the archive's end, with padding left behind it.</summary>
    private async Task PumpAsync(string repository, string commit, Process tar, CheckoutLimits limits, LargeFileSet? files, CancellationToken cancellationToken)
    {
        // A tar entry has a header of 512 bytes, a path header of up to 1,536 and padding.
        var most = (limits.Bytes * 2) + (limits.Files * 4096L);
        long total = 0;
        var reads = true;
        var large = files is null ? null : new LargeFileTar(files, WriteAsync);
        using var archive = git.Start(new GitCall("archive", "--format=tar", commit)
        {
            Repository = repository,
            Config = [new("tar.umask", "022"), new("core.autocrlf", "false"), .. large?.Filter ?? []],
        });
        try
        {
            archive.StandardInput.Close();
            var said = GitCommand.ReadErrorAsync(archive, cancellationToken);
            var from = archive.StandardOutput.BaseStream;
            if (large is not null)
            {
                await large.CopyAsync(from, cancellationToken);
            }
            var buffer = new byte[128 * 1024];
            int read;
            while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await WriteAsync(buffer.AsMemory(0, read));
            }
            await archive.WaitForExitAsync(cancellationToken);
            if (archive.ExitCode != 0 && reads)
            {
                throw new PortalException(Refusal.Unavailable, $"git could not read the files of the commit: {await said}");
            }
        }
        finally
        {
            GitCommand.Kill(archive);
        }
        Close(tar);

        async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            if ((total += bytes.Length) > most)
            {
                throw SourceTree.TooLarge(limits);
            }
            try
            {
                if (reads)
                {
                    await tar.StandardInput.BaseStream.WriteAsync(bytes, cancellationToken);
                }
            }
            catch (IOException)
            {
                reads = false;
            }
        }
    }

    private static void Close(Process tar)
    {
        try
        {
            tar.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended already; its exit code says how.
        }
    }

    /// <summary>
    /// A build wants all files as they were committed: the repository's own attributes file is stronger than those in
    /// the tree and switches off what an archive would leave out or fill in.
    /// </summary>
    private async Task PlainAttributesAsync(string repository, CancellationToken cancellationToken)
    {
        if (File.Exists(Path.Combine(repository, "info", "portal-attributes")))
        {
            return;
        }
        await GitCommand.RunToEndAsync(options.Users.Git, "sh", ["-c", AttributesScript, "sh", repository], cancellationToken);
    }
}
