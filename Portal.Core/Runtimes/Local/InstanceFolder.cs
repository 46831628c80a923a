using System.Text.Json;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// What belongs to one instance on disk: its record, its log files, and what it wrote itself. Everything that is known
/// about instances is read from these folders and from <c>/proc</c>, so a new worker knows as much as the old one did.
/// </summary>
public sealed record InstanceFolder(string Path)
{
    public const string LogPrefix = "output-";

    public string Id => System.IO.Path.GetFileName(Path);

    public string RecordFile => System.IO.Path.Combine(Path, "state.json");

    public string StopFile => System.IO.Path.Combine(Path, "stop.json");

    /// <summary>Marks an instance that is over; only its logs remain, until they were shipped.</summary>
    public string EndedFile => System.IO.Path.Combine(Path, "ended");

    /// <summary>What the log shipper has handed on.</summary>
    public string ShippedFile => System.IO.Path.Combine(Path, "shipped");

    /// <summary>The artifact as this instance sees and changes it.</summary>
    public string AppFolder => System.IO.Path.Combine(Path, "app");

    public string OverlayFolder => System.IO.Path.Combine(Path, "overlay");

    public string LogFile(int number) => System.IO.Path.Combine(Path, $"{LogPrefix}{number:D6}.log");

    /// <summary>Numbers of the log files present, ascending.</summary>
    public IReadOnlyList<int> LogNumbers()
    {
        try
        {
            return [.. Directory.EnumerateFiles(Path, LogPrefix + "*.log")
                .Select(f => System.IO.Path.GetFileNameWithoutExtension(f)[LogPrefix.Length..])
                .Where(n => int.TryParse(n, out _)).Select(int.Parse).Order()];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Names this instance's control groups, unlike any other's on this machine.</summary>
    public string GroupName => System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(Path)!)[..8] + "-" + Id;

    /// <summary>Touched after every change of any record, so that one small folder is enough to watch.</summary>
    public static string ChangesFolder(string instances) => System.IO.Path.Combine(instances, ".changes");

    public bool Stopping => File.Exists(StopFile);

    public bool Ended => File.Exists(EndedFile);

    /// <summary>Null when nothing was written yet, or the folder is being removed.</summary>
    public InstanceRecord? Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(RecordFile), InstanceJson.Default.InstanceRecord);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    public void Write(InstanceRecord record)
    {
        Replace(RecordFile, JsonSerializer.SerializeToUtf8Bytes(record, InstanceJson.Default.InstanceRecord));
        Touch();
    }

    // Losing this costs a reader some time and nothing else.
    private void Touch(bool last = false)
    {
        var file = System.IO.Path.Combine(ChangesFolder(System.IO.Path.GetFullPath(System.IO.Path.Combine(Path, "../.."))), GroupName);
        try
        {
            File.WriteAllText(file, "");
            if (last)
            {
                File.Delete(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }
    }

    /// <summary>The instance is over: what it wrote goes, its logs stay for <see cref="LogShipper"/>.</summary>
    public void End()
    {
        foreach (var folder in (string[])[AppFolder, OverlayFolder])
        {
            try
            {
                if (Directory.Exists(folder))
                {
                    Directory.Delete(folder, recursive: true);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }
        File.WriteAllText(EndedFile, "");
        Touch(last: true);
    }

    public void Write(StopOrder order) => Replace(StopFile, JsonSerializer.SerializeToUtf8Bytes(order, InstanceJson.Default.StopOrder));

    public StopOrder? ReadStop()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(StopFile), InstanceJson.Default.StopOrder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private static void Replace(string file, byte[] content)
    {
        var next = file + ".next";
        File.WriteAllBytes(next, content);
        File.Move(next, file, overwrite: true);
    }

    public static IEnumerable<InstanceFolder> Of(string instances, Guid place)
    {
        var folder = PlaceFolder(instances, place);
        return Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Select(d => new InstanceFolder(d)) : [];
    }

    public static string PlaceFolder(string instances, Guid place) => System.IO.Path.Combine(instances, place.ToString("n"));
}
