using System.Globalization;
using System.Runtime.InteropServices;

namespace Portal.Core.Runtimes.Local;

/// <summary>One line of the process table: what <c>/proc/pid/stat</c> says.</summary>
/// <param name="Start">Clock ticks since boot.</param>
public readonly record struct ProcessRow(int Pid, int Parent, int Session, char State, long Start, long RssPages, string Name);

/// <summary>Reads <c>/proc</c> and sends signals. Processes come and go while it reads: what is gone is left out.</summary>
public static class ProcessTable
{
    public const int SigTerm = 15;
    public const int SigKill = 9;

    public static ProcessRow? Find(int pid)
    {
        string text;
        try
        {
            text = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        // The name stands in brackets and may itself hold brackets and spaces.
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var close = text.LastIndexOf(')');
        if (open < 0 || close < open)
        {
            return null;
        }
        var fields = text[(close + 2)..].Split(' ');
        return fields.Length < 22 ? null : new ProcessRow(pid, Number(fields[1]), Number(fields[3]), fields[0][0],
            long.Parse(fields[19], CultureInfo.InvariantCulture), long.Parse(fields[21], CultureInfo.InvariantCulture), text[(open + 1)..close]);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>True while this very process runs; a zombie has ended.</summary>
    public static bool Alive(int pid, long start) => Find(pid) is { State: not ('Z' or 'X') } row && row.Start == start;

    public static IReadOnlyList<ProcessRow> All()
    {
        var rows = new List<ProcessRow>();
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Find(pid) is { } row)
            {
                rows.Add(row);
            }
        }
        return rows;
    }

    /// <summary>The process and everything below it, parents before children.</summary>
    public static IReadOnlyList<ProcessRow> Tree(int root)
    {
        var children = All().ToLookup(r => r.Parent);
        var found = new List<ProcessRow>();
        if (Find(root) is { } first)
        {
            found.Add(first);
        }
        for (var i = 0; i < found.Count; i++)
        {
            found.AddRange(children[found[i].Pid]);
        }
        return found;
    }

    public static string? Executable(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/exe").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static bool Signal(int pid, int signal) => pid > 1 && Kill(pid, signal) == 0;

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int pid, int signal);

    /// <summary>0 when the file now belongs to that user.</summary>
    internal static int Own(string path, int user, int group) => Chown(path, (uint)user, (uint)group);

    [DllImport("libc", EntryPoint = "lchown", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int Chown([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint user, uint group);

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint EffectiveUser();

    public static bool IsRoot => EffectiveUser() == 0;

    /// <summary>TCP ports on which the process or one below it accepts connections, ascending.</summary>
    public static IReadOnlyList<int> ListeningPorts(int root)
    {
        var sockets = new HashSet<string>(StringComparer.Ordinal);
        foreach (var row in Tree(root))
        {
            sockets.UnionWith(Sockets(row.Pid));
        }
        if (sockets.Count == 0)
        {
            return [];
        }
        return [.. Listeners(root).Where(l => sockets.Contains(l.Socket)).Select(l => l.Port).Distinct().Order()];
    }

    /// <summary>True when the port accepts connections at other addresses than this machine's own.</summary>
    public static bool ListensWidely(int pid, int port) => Listeners(pid).Any(l => l.Port == port && !IsLoopback(l.Address));

    /// <summary>As the kernel writes addresses: in hexadecimal, each group of four bytes reversed.</summary>
    internal static bool IsLoopback(string address) => address switch
    {
        { Length: 8 } => address.EndsWith("7F", StringComparison.Ordinal),
        "00000000000000000000000001000000" => true,
        _ => address.StartsWith("0000000000000000FFFF0000", StringComparison.Ordinal) && address.EndsWith("7F", StringComparison.Ordinal),
    };

    private static List<(string Address, int Port, string Socket)> Listeners(int pid)
    {
        var found = new List<(string, int, string)>();
        foreach (var table in (string[])[$"/proc/{pid}/net/tcp", $"/proc/{pid}/net/tcp6"])
        {
            try
            {
                foreach (var line in File.ReadLines(table).Skip(1))
                {
                    // sl local_address rem_address st … inode: state 0A is LISTEN, field 9 the socket's inode.
                    var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    if (fields.Length > 9 && fields[3] == "0A")
                    {
                        var colon = fields[1].LastIndexOf(':');
                        found.Add((fields[1][..colon], int.Parse(fields[1].AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture), fields[9]));
                    }
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }
        return found;
    }

    private static List<string> Sockets(int pid)
    {
        var found = new List<string>();
        try
        {
            foreach (var descriptor in Directory.EnumerateFiles($"/proc/{pid}/fd"))
            {
                if (new FileInfo(descriptor).LinkTarget is { } target && target.StartsWith("socket:[", StringComparison.Ordinal))
                {
                    found.Add(target[8..^1]);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return found;
        }
        return found;
    }

    /// <summary>Resident memory of the process and everything below it.</summary>
    public static long Memory(int root) => Tree(root).Sum(r => r.RssPages) * Environment.SystemPageSize;
}
