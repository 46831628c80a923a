using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Portal.Worker.Supervise;

/// <param name="Address">Where something accepts connections, or null.</param>
/// <param name="Status">What the health path answered; 0 when it answered nothing sensible; null when none was asked.</param>
internal sealed record ProbeResult(string? Address, int? Status)
{
    public bool Ready => Address is not null && Status is null or (>= 100 and < 400);
}

/// <summary>Asks an app whether it answers. Plain sockets: an HTTP client would double the memory of a supervisor.</summary>
internal static class ReadinessProbe
{
    private const int TimeoutMs = 5_000;

    public static ProbeResult Ask(int port, string? healthPath)
    {
        foreach (var address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            using var socket = Connect(address, port);
            if (socket is not null)
            {
                return new ProbeResult(new IPEndPoint(address, port).ToString(), healthPath is null ? null : Get(socket, port, healthPath));
            }
        }
        return new ProbeResult(null, null);
    }

    private static Socket? Connect(IPAddress address, int port)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { SendTimeout = TimeoutMs, ReceiveTimeout = TimeoutMs };
            socket.Connect(address, port);
            return socket;
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null;
        }
    }

    private static int Get(Socket socket, int port, string path)
    {
        try
        {
            socket.Send(Encoding.ASCII.GetBytes($"GET {Clean(path)} HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: portal-health\r\nAccept: */*\r\nConnection: close\r\n\r\n"));
            var buffer = new byte[64];
            var length = 0;
            // "HTTP/1.1 200": twelve bytes are the whole question.
            while (length < 12 && socket.Receive(buffer, length, buffer.Length - length, SocketFlags.None) is > 0 and var read)
            {
                length += read;
            }
            var text = Encoding.ASCII.GetString(buffer, 0, length);
            return text.StartsWith("HTTP/", StringComparison.Ordinal) && length >= 12 && int.TryParse(text.AsSpan(9, 3), out var status) ? status : 0;
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    // A path with a line break in it would be a request of its own.
    private static string Clean(string path)
    {
        var text = new StringBuilder(path.StartsWith('/') ? "" : "/");
        foreach (var character in path)
        {
            text.Append(character is > ' ' and < (char)127 ? character.ToString() : Uri.HexEscape(character < 256 ? character : '?'));
        }
        return text.ToString();
    }
}
