using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Portal.Web.Tests.Gateway;

/// <summary>A wire to the database that can be cut: TCP on this side, the server's socket on the other.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private readonly string _server;
    private volatile bool _cut;

    private Relay(string server, NpgsqlConnectionStringBuilder settings)
    {
        _server = server;
        _listener.Start();
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        ConnectionString = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Host = "127.0.0.1", Port = port, Timeout = 2 }.ConnectionString;
    }

    public string ConnectionString { get; }

    public static Task<Relay> StartAsync(NpgsqlConnectionStringBuilder settings)
    {
        var relay = new Relay(Path.Combine(settings.Host!, $".s.PGSQL.{settings.Port}"), settings);
        _ = relay.AcceptAsync();
        return Task.FromResult(relay);
    }

    public void Cut()
    {
        _cut = true;
        foreach (var socket in _open.Keys)
        {
            socket.Dispose();
        }
    }

    public void Mend() => _cut = false;

    public ValueTask DisposeAsync()
    {
        Cut();
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptSocketAsync();
                if (_cut)
                {
                    near.Dispose();
                    continue;
                }
                _ = CarryAsync(near);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The listener was closed: the test is over.
        }
    }

    private async Task CarryAsync(Socket near)
    {
        using var far = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _open[near] = 0;
        _open[far] = 0;
        try
        {
            await far.ConnectAsync(new UnixDomainSocketEndPoint(_server));
            await using var nearStream = new NetworkStream(near);
            await using var farStream = new NetworkStream(far);
            await Task.WhenAny(nearStream.CopyToAsync(farStream), farStream.CopyToAsync(nearStream));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // Cut.
        }
        finally
        {
            _open.TryRemove(near, out _);
            _open.TryRemove(far, out _);
            near.Dispose();
        }
    }
}
