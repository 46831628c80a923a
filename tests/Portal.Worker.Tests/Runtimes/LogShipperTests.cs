using Microsoft.Extensions.Options;
using Portal.Core.Common;
using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Local;
using static Portal.Worker.Tests.Runtimes.RuntimeFixture;

namespace Portal.Worker.Tests.Runtimes;

public sealed class LogShipperTests
{
    private sealed class Sink : ILogSink, ILogMask
    {
        public List<LogLine> Lines { get; } = [];

        public bool Broken { get; set; }

        public Task WriteAsync(Guid place, IReadOnlyList<LogLine> lines, CancellationToken cancellationToken)
        {
            if (Broken)
            {
                throw new IOException("away");
            }
            Lines.AddRange(lines);
            return Task.CompletedTask;
        }

        public Task<Func<string, string>> ForAsync(Guid place, CancellationToken cancellationToken) =>
            Task.FromResult<Func<string, string>>(text => text.Replace("hunter2", "•••", StringComparison.Ordinal));
    }

    private readonly Sink sink = new();
    private readonly Guid place = Guid.NewGuid();
    private readonly PortalOptions options = new() { DataDirectory = Directory.CreateTempSubdirectory("portal-logs-").FullName };

    private LogShipper Shipper() => new(new OptionsWrapper<PortalOptions>(options), sink, sink);

    private InstanceFolder Folder()
    {
        var folder = new InstanceFolder(Path.Combine(InstanceFolder.PlaceFolder(options.Instances, place), "13-web-1-7f3a"));
        Directory.CreateDirectory(folder.Path);
        return folder;
    }

    private static void Append(InstanceFolder folder, int file, params string[] lines) =>
        File.AppendAllText(folder.LogFile(file), string.Concat(lines.Select(l => $"2026-01-02T03:04:05.000006Z {l}\n")));

    [Fact]
    public async Task Lines_arrive_once_masked_and_named_also_after_a_restart()
    {
        var folder = Folder();
        Append(folder, 1, "o the password is hunter2", "e oops");
        await Shipper().ShipOnceAsync(Cancel);
        Append(folder, 1, "p starting again");
        await Shipper().ShipOnceAsync(Cancel);
        await Shipper().ShipOnceAsync(Cancel);

        Assert.Equal(["the password is •••", "oops", "starting again"], sink.Lines.Select(l => l.Text));
        Assert.Equal([false, true, false], sink.Lines.Select(l => l.IsError));
        Assert.All(sink.Lines, l => Assert.Equal(("web-1-7f3a", "web", 13), (l.Instance, l.Process, l.Version)));
    }

    [Fact]
    public async Task Half_a_line_waits_for_its_other_half()
    {
        var folder = Folder();
        await File.WriteAllTextAsync(folder.LogFile(1), "2026-01-02T03:04:05.000006Z o hal", Cancel);
        await Shipper().ShipOnceAsync(Cancel);
        await File.AppendAllTextAsync(folder.LogFile(1), "f\n", Cancel);
        await Shipper().ShipOnceAsync(Cancel);

        Assert.Equal(["half"], sink.Lines.Select(l => l.Text));
    }

    [Fact]
    public async Task Lines_that_could_not_be_stored_come_again()
    {
        Append(Folder(), 1, "o kept");
        sink.Broken = true;
        await Assert.ThrowsAsync<IOException>(() => Shipper().ShipOnceAsync(Cancel));
        sink.Broken = false;
        await Shipper().ShipOnceAsync(Cancel);

        Assert.Equal(["kept"], sink.Lines.Select(l => l.Text));
    }

    [Fact]
    public async Task A_new_file_goes_on_where_the_old_one_ended_and_a_lost_one_is_told()
    {
        var folder = Folder();
        Append(folder, 1, "o one");
        await Shipper().ShipOnceAsync(Cancel);
        Append(folder, 2, "o two");
        await Shipper().ShipOnceAsync(Cancel);
        File.Delete(folder.LogFile(1));
        File.Delete(folder.LogFile(2));
        Append(folder, 4, "o four");
        await Shipper().ShipOnceAsync(Cancel);

        Assert.Equal(["one", "two", "Lines are missing here: more was written than could be kept.", "four"], sink.Lines.Select(l => l.Text));
    }

    [Fact]
    public async Task Many_lines_come_in_several_batches_in_order()
    {
        Append(Folder(), 1, [.. Enumerable.Range(0, 1_300).Select(n => $"o {n}")]);
        var rounds = 1;
        while (await Shipper().ShipOnceAsync(Cancel))
        {
            rounds++;
        }

        Assert.Equal(3, rounds);
        Assert.Equal(Enumerable.Range(0, 1_300).Select(n => $"{n}"), sink.Lines.Select(l => l.Text));
    }

    [Fact]
    public async Task An_ended_instance_is_removed_after_its_last_line()
    {
        var folder = Folder();
        Append(folder, 1, "o goodbye");
        folder.End();
        await Shipper().ShipOnceAsync(Cancel);

        Assert.Equal(["goodbye"], sink.Lines.Select(l => l.Text));
        Assert.False(Directory.Exists(folder.Path));
    }
}
