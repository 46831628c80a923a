using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Portal.Core.Common;

namespace Portal.Core.Git.LargeFiles;

/// <summary>
/// Puts large files into the stream of <c>git archive</c> in place of their pointers, before tar unpacks it. Which files
/// are meant says git itself by the attributes of the tree: its smudge filter marks them with <see cref="Mark"/>, a line
/// that no repository can know. Everything else passes byte by byte.
/// </summary>
/// <param name="write">Where the stream goes on to.</param>
internal sealed class LargeFileTar(LargeFileSet files, Func<ReadOnlyMemory<byte>, ValueTask> write)
{
    private const int Block = 512;

    private readonly byte[] _buffer = new byte[128 * 1024];
    private readonly byte[] _header = new byte[Block];

    /// <summary>Hexadecimal digits, so that it may stand in the filter's command.</summary>
    private readonly string _mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));

    private byte[] Mark => Encoding.ASCII.GetBytes(_mark + "\n");

    /// <summary>For <c>git archive</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Filter => [new("filter.lfs.smudge", $"echo {_mark} && cat"), new("filter.lfs.required", "true")];

    public async Task CopyAsync(Stream archive, CancellationToken cancellationToken)
    {
        while (await archive.ReadAtLeastAsync(_header, Block, throwOnEndOfStream: false, cancellationToken) == Block)
        {
            var size = Size(_header);
            if (_header[0] == 0 || (char)_header[156] is not ('0' or '\0') || size < Mark.Length)
            {
                await write(_header);
                await PassAsync(archive, Padded(size), cancellationToken);
                continue;
            }
            var start = new byte[Mark.Length];
            await archive.ReadExactlyAsync(start, cancellationToken);
            if (!start.AsSpan().SequenceEqual(Mark))
            {
                await write(_header);
                await write(start);
                await PassAsync(archive, Padded(size) - start.Length, cancellationToken);
                continue;
            }
            await MarkedAsync(archive, size, cancellationToken);
        }
    }

    private async Task MarkedAsync(Stream archive, long size, CancellationToken cancellationToken)
    {
        var rest = size - Mark.Length;
        var padding = Padded(size) - size;
        if (rest >= LargeFilePointer.MostBytes)
        {
            // Committed as it is, without Git LFS.
            await write(Resized(rest));
            await PassAsync(archive, rest, cancellationToken);
            await SkipAsync(archive, padding, cancellationToken);
            await write(new byte[Padded(rest) - rest]);
            return;
        }
        var text = new byte[rest];
        await archive.ReadExactlyAsync(text, cancellationToken);
        await SkipAsync(archive, padding, cancellationToken);
        var pointer = LargeFilePointer.Parse(text);
        var written = pointer?.Size ?? rest;
        await write(Resized(written));
        if (pointer is not null)
        {
            await InsertAsync(pointer, cancellationToken);
        }
        else
        {
            await write(text);
        }
        await write(new byte[Padded(written) - written]);
    }

    /// <summary>Checked once more while it goes by: what lies on disk may have been damaged.</summary>
    private async Task InsertAsync(LargeFilePointer pointer, CancellationToken cancellationToken)
    {
        if (files.Problems.TryGetValue(pointer.Oid, out var problem))
        {
            throw new PortalException(Refusal.NotFound, $"The file {Name()} is kept in Git LFS. {problem}");
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long total = 0;
        try
        {
            await using var content = File.OpenRead(files.Folder.PathOf(pointer.Oid));
            int read;
            while ((read = await content.ReadAsync(_buffer, cancellationToken)) > 0 && (total += read) <= pointer.Size)
            {
                hash.AppendData(_buffer, 0, read);
                await write(_buffer.AsMemory(0, read));
            }
        }
        catch (IOException e)
        {
            throw new PortalException(Refusal.Unavailable, $"The large file {Name()} cannot be read on this machine: {e.GetType().Name}.");
        }
        if (total != pointer.Size || Convert.ToHexStringLower(hash.GetHashAndReset()) != pointer.Oid)
        {
            throw new PortalException(Refusal.Invalid, $"The large file {Name()} is damaged on this machine. Push it again: git lfs push --object-id origin {pointer.Oid}");
        }
    }

    private async Task PassAsync(Stream from, long bytes, CancellationToken cancellationToken)
    {
        while (bytes > 0)
        {
            var read = await from.ReadAsync(_buffer.AsMemory(0, (int)Math.Min(bytes, _buffer.Length)), cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException();
            }
            await write(_buffer.AsMemory(0, read));
            bytes -= read;
        }
    }

    private static async Task SkipAsync(Stream from, long bytes, CancellationToken cancellationToken) =>
        await from.ReadExactlyAsync(new byte[bytes], cancellationToken);

    /// <summary>The current header for a file of another size: its size and its checksum change, nothing else.</summary>
    private byte[] Resized(long size)
    {
        var header = _header.ToArray();
        Octal(size, 11).CopyTo(header.AsSpan(124));
        header[135] = (byte)' ';
        header.AsSpan(148, 8).Fill((byte)' ');
        Octal(header.Sum(b => (long)b), 6).CopyTo(header.AsSpan(148));
        header[154] = 0;
        return header;
    }

    private static byte[] Octal(long value, int digits) => Encoding.ASCII.GetBytes(Convert.ToString(value, 8).PadLeft(digits, '0'));

    private static long Size(ReadOnlySpan<byte> header)
    {
        var text = Encoding.ASCII.GetString(header.Slice(124, 12)).Trim('\0', ' ');
        return text.Length == 0 ? 0 : Convert.ToInt64(text, 8);
    }

    private static long Padded(long size) => (size + Block - 1) / Block * Block;

    /// <summary>For a sentence only.</summary>
    private string Name()
    {
        var prefix = Encoding.UTF8.GetString(_header.AsSpan(345, 155)).Split('\0')[0];
        var name = Encoding.UTF8.GetString(_header.AsSpan(0, 100)).Split('\0')[0];
        return RepositoryText.Clean(string.Create(CultureInfo.InvariantCulture, $"{prefix}{(prefix.Length > 0 ? "/" : "")}{name}"), 200);
    }
}
