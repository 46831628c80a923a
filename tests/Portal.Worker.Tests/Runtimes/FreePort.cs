using System.Net;
using System.Net.Sockets;

namespace Portal.Worker.Tests.Runtimes;

internal static class FreePort
{
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
