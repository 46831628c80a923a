using System.Diagnostics;
using Portal.Core.Common;

namespace Portal.Core.Git;

/// <summary>
/// Writes the files of one commit into a folder: <c>git archive</c>, as the owner of the repository, piped into <c>tar</c>,
/// as the user who shall own the files. git never writes into the folder and tar never sees the repository; tar lays
/// symbolic links last and refuses "..", so that no entry of a hostile tree is written outside the folder.
/// </summary>
internal sealed class Checkout(GitCommand git, PortalOptions options)
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

    /// <summary>Says in the build's log when files are kept in Git LFS, of which a build sees only the pointers.</summary>
    public async Task NoteLargeFilesAsync(string repository, string commit, SourceTree tree, Action<string> log, CancellationToken cancellationToken)
    {
        if (!tree.HasAttributes)
        {
            return;
        }
        var found = await git.RunAsync(new GitCall("grep", "--quiet", "--fixed-strings", "-e", "filter=lfs", commit, "--", ".gitattributes", ":(glob)**/.gitattributes")
        {
            Repository = repository,
        }, cancellationToken);
        if (found.Succeeded)
        {
            log("This repository keeps files in Git LFS. Portal does not fetch them: the build sees the small pointer files in their place.");
        }
    }

    /// <param name="limits">Bounds what goes through the pipe: conversions of line ends may make files larger than they are stored.</param>
    public async Task WriteAsync(string repository, string commit, string folder, CheckoutLimits limits, CancellationToken cancellationToken)
    {
        await PlainAttributesAsync(repository, cancellationToken);
        Directory.CreateDirectory(folder);
        await GitCommand.GiveAsync(options.Users.Build, folder, cancellationToken);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        using var archive = git.Start(new GitCall("archive", "--format=tar", commit)
        {
            Repository = repository,
            Config = [new("tar.umask", "022"), new("core.autocrlf", "false")],
        });
        using var tar = GitCommand.StartAs(options.Users.Build, "tar", ["-x", "-f", "-", "--no-same-owner", "-C", folder], []);
        try
        {
            archive.StandardInput.Close();
            var archiveSaid = GitCommand.ReadErrorAsync(archive, limit.Token);
            var tarSaid = GitCommand.ReadErrorAsync(tar, limit.Token);
            var complete = await PumpAsync(archive, tar, limits, limit.Token);
            await archive.WaitForExitAsync(limit.Token);
            await tar.WaitForExitAsync(limit.Token);
            if (archive.ExitCode != 0 && complete)
            {
                throw new PortalException(Refusal.Unavailable, $"git could not read the files of the commit: {await archiveSaid}");
            }
            if (tar.ExitCode != 0 || !complete)
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
            GitCommand.Kill(archive);
            GitCommand.Kill(tar);
        }
    }

    /// <summary>False when tar stopped reading before the end.</summary>
    private static async Task<bool> PumpAsync(Process archive, Process tar, CheckoutLimits limits, CancellationToken cancellationToken)
    {
        // A tar entry has a header of 512 bytes, a path header of up to 1,536 and padding.
        var most = (limits.Bytes * 2) + (limits.Files * 4096L);
        var buffer = new byte[128 * 1024];
        long total = 0;
        int read;
        var complete = true;
        while ((read = await archive.StandardOutput.BaseStream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if ((total += read) > most)
            {
                throw SourceTree.TooLarge(limits);
            }
            try
            {
                if (complete)
                {
                    await tar.StandardInput.BaseStream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }
            }
            catch (IOException)
            {
                complete = false;
            }
        }
        try
        {
            tar.StandardInput.Close();
        }
        catch (IOException)
        {
            complete = false;
        }
        return complete;
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
