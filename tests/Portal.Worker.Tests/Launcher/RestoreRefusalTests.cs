using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Portal.Testing;

namespace Portal.Worker.Tests.Launcher;

/// <summary>A backup that is not what ./portal backup wrote is refused in one line, before anything is made.</summary>
public sealed class RestoreRefusalTests : IDisposable
{
    private static readonly string Key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly string _folder = Directory.CreateTempSubdirectory("portal-restore-").FullName;

    private string Archive => Path.Combine(_folder, "backup.tar.gz");

    private string State => Path.Combine(_folder, "state");

    [Fact]
    public async Task What_is_no_archive_is_refused()
    {
        await File.WriteAllTextAsync(Archive, "not an archive", TestContext.Current.CancellationToken);
        await WriteKey(Key);

        await Refused($"{Archive} is not a backup of Portal, or it is damaged.");
    }

    [Fact]
    public async Task An_archive_without_its_key_is_refused()
    {
        await WriteArchive();

        await Refused($"The master key {Archive}.key is missing.");
    }

    [Theory]
    [InlineData("")]
    [InlineData("no key")]
    [InlineData("c2hvcnQ=")]
    public async Task What_is_no_key_is_refused(string key)
    {
        await WriteArchive();
        await WriteKey(key);

        await Refused($"{Archive}.key is not a master key");
    }

    [Fact]
    public async Task An_archive_that_was_cut_or_changed_is_refused()
    {
        await WriteArchive();
        await WriteKey($"{Key}\narchive-sha256={Convert.ToHexStringLower(SHA256.HashData([1]))}\n");

        await Refused("it was changed or cut, or the two are of different backups");
    }

    [Fact]
    public async Task An_archive_whose_end_is_missing_is_refused_by_the_key_alone()
    {
        await WriteArchive(new PaxTarEntry(TarEntryType.RegularFile, "artifacts/a/big") { DataStream = new MemoryStream(RandomNumberGenerator.GetBytes(100_000)) });
        await using (var file = File.Open(Archive, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }
        await WriteKey(Key);

        await Refused($"{Archive} is not a backup of Portal, or it is damaged.");
    }

    [Theory]
    [InlineData("../outside", TarEntryType.RegularFile, null)]
    [InlineData("artifacts/../../outside", TarEntryType.RegularFile, null)]
    [InlineData("/etc/outside", TarEntryType.RegularFile, null)]
    [InlineData("keys/master.key", TarEntryType.RegularFile, null)]
    [InlineData("repositories", TarEntryType.SymbolicLink, "/etc")]
    [InlineData("repositories/shop/objects", TarEntryType.SymbolicLink, "/etc")]
    [InlineData("databases", TarEntryType.SymbolicLink, "/etc")]
    [InlineData("databases/portal.dump", TarEntryType.SymbolicLink, "/etc/shadow")]
    [InlineData("manifest", TarEntryType.SymbolicLink, "/etc/passwd")]
    [InlineData("artifacts/a/disk", TarEntryType.BlockDevice, null)]
    [InlineData("artifacts/a/pipe", TarEntryType.Fifo, null)]
    public async Task A_hostile_archive_is_refused(string name, TarEntryType type, string? target)
    {
        var entry = new PaxTarEntry(type, name);
        if (target is not null)
        {
            entry.LinkName = target;
        }
        await WriteArchive(entry);
        await WriteKey(Key);

        await Refused($"{Archive} is refused: it holds {name}");
    }

    [Fact]
    public async Task A_backup_of_another_version_is_named()
    {
        await WriteArchive(format: "999");
        await WriteKey(Key);

        await Refused("was made by another version of Portal (format 999, this one reads ");
    }

    [Fact]
    public async Task Passwords_of_another_form_are_no_sql()
    {
        await WriteArchive(roles: "addon x'; DROP DATABASE portal; --\n");
        await WriteKey(Key);

        var result = await Restore();

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("The database roles could not be restored", result.Error, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        Cli.RunAsync(Checkout.Path("portal"), ["down", "--delete", "--state", State]).GetAwaiter().GetResult();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task Refused(string reason)
    {
        var result = await Restore();
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Trim().Split('\n'));
        Assert.False(Directory.Exists(State));
    }

    private Task<CliResult> Restore() => Cli.RunAsync(Checkout.Path("portal"), ["restore", Archive, "--state", State], timeout: TimeSpan.FromMinutes(2));

    private Task WriteKey(string text) => File.WriteAllTextAsync(Archive + ".key", text, TestContext.Current.CancellationToken);

    /// <summary>Has everything that a backup has, by form, and the given entry.</summary>
    private async Task WriteArchive(PaxTarEntry? entry = null, string format = "1", string roles = "")
    {
        await using var zip = new GZipStream(File.Create(Archive), CompressionLevel.Fastest);
        await using var tar = new TarWriter(zip);
        await Write("manifest", $"format={format}\nmade=2026-01-01T00:00:00Z\n");
        await Write("databases/portal.dump", "no dump");
        await Write("databases/roles", roles);
        if (entry is not null)
        {
            await tar.WriteEntryAsync(entry);
        }

        Task Write(string name, string text) =>
            tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
    }
}
