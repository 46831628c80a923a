using System.Globalization;
using System.Text;

namespace Portal.Web.Git;

/// <summary>
/// Passes git's answer to a push on, packet by packet, and holds back the final flush packet, so that Portal can say
/// more on the progress channel, which the pusher sees as "remote:" lines, before the answer ends.
/// Format: gitprotocol-common(5), four hexadecimal digits of length including themselves; "0000" ends; with
/// side-band-64k the first byte of a packet is its channel: 1 data, 2 progress, 3 fatal error.
/// </summary>
internal sealed class PacketStream(Stream from, Stream to)
{
    private const int MaxPacket = 65520;

    private readonly byte[] _packet = new byte[MaxPacket];

    /// <summary>The pusher went away. git's answer is still read to its end: the push itself goes on.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Channels are in use, so that more can be said.</summary>
    public bool HasChannels { get; private set; }

    /// <summary>Copies until git ends. True when the final flush packet came and was held back.</summary>
    public async Task<bool> CopyAsync(CancellationToken cancellationToken)
    {
        var flush = false;
        while (await from.ReadAtLeastAsync(_packet.AsMemory(0, 4), 4, throwOnEndOfStream: false, cancellationToken) == 4)
        {
            if (flush)
            {
                // It was not the last one.
                await WriteAsync("0000"u8.ToArray(), cancellationToken);
                flush = false;
            }
            if (!int.TryParse(Encoding.ASCII.GetString(_packet, 0, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var length) || length is 1 or 2 or 3 or > MaxPacket)
            {
                throw new InvalidDataException("git's answer is not made of packets.");
            }
            if (length == 0)
            {
                flush = true;
                continue;
            }
            await from.ReadExactlyAsync(_packet.AsMemory(4, length - 4), cancellationToken);
            HasChannels |= length > 4 && _packet[4] is 1 or 2;
            await WriteAsync(_packet.AsMemory(0, length), cancellationToken);
        }
        return flush;
    }

    /// <summary>Shown by the pusher's git, each line behind "remote: ".</summary>
    public async Task SayAsync(string text, CancellationToken cancellationToken)
    {
        if (!HasChannels)
        {
            return;
        }
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var at = 0; at < bytes.Length; at += MaxPacket - 5)
        {
            var piece = bytes.AsMemory(at, Math.Min(bytes.Length - at, MaxPacket - 5));
            await WriteAsync((byte[])[.. Header(piece.Length + 5, channel: 2), .. piece.Span], cancellationToken);
        }
    }

    /// <summary>An empty packet, as git itself sends while it is busy: keeps proxies from closing a silent connection.</summary>
    public async Task KeepAliveAsync(CancellationToken cancellationToken)
    {
        if (HasChannels)
        {
            await WriteAsync(Header(5, channel: 1), cancellationToken);
        }
    }

    public Task EndAsync(CancellationToken cancellationToken) => WriteAsync("0000"u8.ToArray(), cancellationToken);

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (IsGone)
        {
            return;
        }
        try
        {
            await to.WriteAsync(bytes, cancellationToken);
            await to.FlushAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            IsGone = true;
        }
    }

    private static byte[] Header(int length, byte channel) =>
        [.. Encoding.ASCII.GetBytes(length.ToString("x4", CultureInfo.InvariantCulture)), channel];
}
