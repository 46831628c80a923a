using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using Portal.Core.Common;

namespace Portal.Core.Runtimes.Local;

/// <summary>Takes what apps write. Called again with the same lines when it threw.</summary>
public interface ILogSink
{
    Task WriteAsync(Guid place, IReadOnlyList<LogLine> lines, CancellationToken cancellationToken);
}

/// <summary>Knows the secrets of a place; asked once per batch.</summary>
public interface ILogMask
{
    /// <returns>Replaces every known secret in one line.</returns>
    Task<Func<string, string>> ForAsync(Guid place, CancellationToken cancellationToken);
}

/// <summary>
/// Hands the output of all instances on, in order per instance. How far it came is kept beside each log, so a restarted
/// worker goes on where the last one ended; only what a dying worker had handed on last can come twice.
/// </summary>
public sealed class LogShipper(IOptions<PortalOptions> options, ILogSink sink, ILogMask mask)
{
    private const int LinesPerBatch = 500;
    private const int BytesPerRead = 512 * 1024;

    private readonly string instances = options.Value.Instances;

    /// <summary>Ships until cancelled.</summary>
    /// <param name="interval">The pause when nothing is left to ship.</param>
    public async Task RunAsync(TimeSpan interval, Action<Exception> failed, CancellationToken cancellationToken)
    {
        while (true)
        {
            var more = false;
            try
            {
                more = await ShipOnceAsync(cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // The database or the disk is away for a while; nothing was marked as shipped.
                failed(e);
            }
            if (!more)
            {
                await Task.Delay(interval, cancellationToken);
            }
        }
    }

    /// <summary>At most one batch of each instance.</summary>
    /// <returns>True when there is more already.</returns>
    public async Task<bool> ShipOnceAsync(CancellationToken cancellationToken)
    {
        using var alone = TryAlone();
        if (alone is null)
        {
            return false;
        }
        var more = false;
        Exception? first = null;
        foreach (var placeFolder in Directory.EnumerateDirectories(instances))
        {
            if (!Guid.TryParseExact(Path.GetFileName(placeFolder), "n", out var place))
            {
                continue;
            }
            foreach (var folder in InstanceFolder.Of(instances, place))
            {
                try
                {
                    more |= await ShipAsync(place, folder, cancellationToken);
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested)
                {
                    // One app's output must not hold up the others'.
                    first ??= e;
                }
            }
        }
        return first is null ? more : throw first;
    }

    private async Task<bool> ShipAsync(Guid place, InstanceFolder folder, CancellationToken cancellationToken)
    {
        // Asked before reading: what is written after it would otherwise be lost with the folder.
        var ended = folder.Ended;
        var (from, gap) = Position(folder);
        var batch = ReadBatch(folder, from);
        if (batch.Lines.Count > 0 || gap)
        {
            var hide = await mask.ForAsync(place, cancellationToken);
            var (version, instance, process) = Names(folder.Id);
            var lines = batch.Lines.Select(l => new LogLine(l.At, instance, process, version, l.Source == 'e', hide(l.Text))).ToList();
            if (gap)
            {
                lines.Insert(0, new LogLine(batch.Lines.Count > 0 ? batch.Lines[0].At : DateTimeOffset.UnixEpoch, instance, process, version, false, "Lines are missing here: more was written than could be kept."));
            }
            await sink.WriteAsync(place, lines, cancellationToken);
        }
        if (batch.Next != from || gap)
        {
            var next = folder.ShippedFile + ".next";
            await File.WriteAllTextAsync(next, string.Create(CultureInfo.InvariantCulture, $"{batch.Next.Number} {batch.Next.Offset}"), cancellationToken);
            File.Move(next, folder.ShippedFile, overwrite: true);
        }
        if (ended && !batch.More)
        {
            Directory.Delete(folder.Path, recursive: true);
        }
        return batch.More;
    }

    private readonly record struct LogPosition(int Number, long Offset);

    private sealed record Batch(IReadOnlyList<(DateTimeOffset At, char Source, string Text)> Lines, LogPosition Next, bool More);

    private static (LogPosition From, bool Gap) Position(InstanceFolder folder)
    {
        var first = folder.LogNumbers() is { Count: > 0 } numbers ? numbers[0] : 1;
        try
        {
            var parts = File.ReadAllText(folder.ShippedFile).Split(' ');
            var kept = new LogPosition(int.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
            return kept.Number >= first ? (kept, false) : (new LogPosition(first, 0), true);
        }
        catch (Exception e) when (e is IOException or FormatException or IndexOutOfRangeException)
        {
            return (new LogPosition(first, 0), first > 1);
        }
    }

    private static Batch ReadBatch(InstanceFolder folder, LogPosition from)
    {
        var lines = new List<(DateTimeOffset, char, string)>();
        var numbers = folder.LogNumbers();
        var position = from;
        while (numbers.Contains(position.Number))
        {
            var (read, end) = ReadLines(folder.LogFile(position.Number), position.Offset, LinesPerBatch - lines.Count, lines);
            position = position with { Offset = position.Offset + read };
            if (!end)
            {
                return new Batch(lines, position, true);
            }
            if (!numbers.Contains(position.Number + 1))
            {
                break;
            }
            position = new LogPosition(position.Number + 1, 0);
        }
        return new Batch(lines, position, false);
    }

    private static (long Read, bool End) ReadLines(string path, long offset, int maximum, List<(DateTimeOffset, char, string)> lines)
    {
        byte[] buffer;
        int length;
        try
        {
            var present = new FileInfo(path).Length;
            if (present <= offset)
            {
                return (0, true);
            }
            buffer = new byte[Math.Min(BytesPerRead, present - offset)];
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Position = offset;
            length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (FileNotFoundException)
        {
            return (0, true);
        }
        var start = 0;
        while (maximum > 0 && Array.IndexOf(buffer, (byte)'\n', start, length - start) is >= 0 and var end)
        {
            if (OutputLine.Parse(Encoding.UTF8.GetString(buffer, start, end - start)) is { } line)
            {
                lines.Add(line);
                maximum--;
            }
            start = end + 1;
        }
        return (start, maximum > 0 && length < BytesPerRead);
    }

    /// <summary>"13-web-1-7f3a": version, instance, process.</summary>
    private static (int Version, string Instance, string Process) Names(string folder)
    {
        var dash = folder.IndexOf('-', StringComparison.Ordinal);
        var instance = folder[(dash + 1)..];
        var parts = instance.Split('-');
        return (int.TryParse(folder.AsSpan(0, Math.Max(0, dash)), CultureInfo.InvariantCulture, out var version) ? version : 0, instance, string.Join('-', parts[..^2]));
    }

    private FileStream? TryAlone()
    {
        try
        {
            var locks = Directory.CreateDirectory(Path.Combine(instances, ".locks")).FullName;
            return new FileStream(Path.Combine(locks, "logs"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
