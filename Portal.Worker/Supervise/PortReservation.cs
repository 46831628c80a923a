using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Supervise;

/// <summary>
/// A port for one instance, kept from other instances by a locked file while this process lives: between choosing a port
/// and the app's listening on it, somebody else would otherwise choose the same.
/// </summary>
internal sealed class PortReservation : IDisposable
{
    private readonly FileStream held;

    private PortReservation(int port, FileStream held) => (Port, this.held) = (port, held);

    public int Port { get; }

    public static PortReservation Take(string folder, int from, int to)
    {
        Directory.CreateDirectory(folder);
        var count = to - from + 1;
        var first = Random.Shared.Next(count);
        for (var i = 0; i < count; i++)
        {
            var port = from + (first + i) % count;
            if (TryLock(folder, port) is not { } held)
            {
                continue;
            }
            if (Free(port))
            {
                return new PortReservation(port, held);
            }
            held.Dispose();
        }
        throw new IOException($"No port between {from} and {to} is free on this machine.");
    }

    private static FileStream? TryLock(string folder, int port)
    {
        try
        {
            return new FileStream(Path.Combine(folder, port.ToString(CultureInfo.InvariantCulture)), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>True when nothing listens on the port, on any address.</summary>
    public static bool Free(int port)
    {
        try
        {
            using var four = new TcpListener(IPAddress.Any, port) { ExclusiveAddressUse = true };
            four.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public static string FolderOf(InstanceFolder folder) => Path.GetFullPath(Path.Combine(folder.Path, "../../.ports"));

    public void Dispose() => held.Dispose();
}
