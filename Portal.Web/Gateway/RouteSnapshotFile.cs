using System.Text.Json;
using Portal.Core.Common;
using Portal.Core.Releases;

namespace Portal.Web.Gateway;

/// <summary>The last table on disk: a gateway that starts while the database is away serves by it.</summary>
internal sealed class RouteSnapshotFile(PortalOptions options, ILogger<RouteSnapshotFile> logger)
{
    private readonly string _file = Path.Combine(options.DataDirectory, "gateway", "routes.json");
    private bool _told;

    public RouteSnapshot? Read()
    {
        try
        {
            return File.Exists(_file) ? JsonSerializer.Deserialize<RouteSnapshot>(File.ReadAllBytes(_file)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            logger.LogWarning(e, "The routes that were kept on disk cannot be read; waiting for the database");
            return null;
        }
    }

    public async Task WriteAsync(RouteSnapshot snapshot, CancellationToken cancellationToken)
    {
        var draft = $"{_file}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
            await File.WriteAllBytesAsync(draft, JsonSerializer.SerializeToUtf8Bytes(snapshot), cancellationToken);
            // Whole or not at all: a host killed in between leaves the older file.
            File.Move(draft, _file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_told)
            {
                logger.LogWarning(e, "The routes cannot be kept on disk; starting without the database will not work");
            }
            _told = true;
        }
    }
}
