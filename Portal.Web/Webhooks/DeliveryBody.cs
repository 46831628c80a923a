using System.Buffers;
using Portal.Core.Common;
using Portal.Core.Triggers.Inbound;

namespace Portal.Web.Webhooks;

/// <summary>A delivery's body, read once into a pooled buffer and fed to its proof while it comes in.</summary>
internal sealed class DeliveryBody : IDisposable
{
    private byte[] _buffer;
    private int _length;

    private DeliveryBody(int capacity) => _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <exception cref="PortalException">TooLarge.</exception>
    public static async Task<DeliveryBody> ReadAsync(HttpRequest request, int most, WebhookProof proof, CancellationToken cancellationToken)
    {
        // What a client claims to send is not believed with memory: beyond 1 MB the buffer grows with what has come.
        var body = new DeliveryBody((int)Math.Clamp(request.ContentLength ?? 0, 8 * 1024, 1024 * 1024) + 1);
        try
        {
            int read;
            while ((read = await request.Body.ReadAsync(body._buffer.AsMemory(body._length), cancellationToken)) > 0)
            {
                proof.Append(body._buffer.AsSpan(body._length, read));
                body._length += read;
                if (body._length > most)
                {
                    throw TooLarge(most);
                }
                if (body._length == body._buffer.Length)
                {
                    body.Grow(most);
                }
            }
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public static PortalException TooLarge(int most) =>
        new(Refusal.TooLarge, $"A delivery of this content type may have at most {most / 1024 / 1024} MB.");

    /// <summary>The JSON in <c>payload=</c> of a form; null when there is no such field. Decoded within the same buffer, which only gets shorter.</summary>
    public ReadOnlyMemory<byte>? FormPayload()
    {
        var form = _buffer.AsSpan(0, _length);
        var start = 0;
        while (start <= form.Length)
        {
            var end = form[start..].IndexOf((byte)'&') is var at and >= 0 ? start + at : form.Length;
            if (form[start..end].StartsWith("payload="u8))
            {
                var value = form[(start + "payload=".Length)..end];
                return _buffer.AsMemory(start + "payload=".Length, Decode(value));
            }
            start = end + 1;
        }
        return null;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private static int Decode(Span<byte> text)
    {
        var to = 0;
        for (var from = 0; from < text.Length; from++, to++)
        {
            if (text[from] == '%' && from + 2 < text.Length && char.IsAsciiHexDigit((char)text[from + 1]) && char.IsAsciiHexDigit((char)text[from + 2]))
            {
                text[to] = (byte)((Digit(text[from + 1]) << 4) | Digit(text[from + 2]));
                from += 2;
            }
            else
            {
                text[to] = text[from] == '+' ? (byte)' ' : text[from];
            }
        }
        return to;
    }

    private static int Digit(byte c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

    private void Grow(int most)
    {
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(_length * 2L, 16 * 1024), most + 1L));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
