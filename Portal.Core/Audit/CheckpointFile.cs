using System.Globalization;
using System.Text.Json;
using Portal.Core.Common;

namespace Portal.Core.Audit;

/// <summary>
/// <c>audit-checkpoints.log</c> in the data folder: one JSON line per sealed batch, outside the database, so that a cut
/// end is found even when nobody exported a checkpoint. The worker writes it, the web host (another user) only reads it;
/// there is no secret in it.
/// </summary>
public sealed class CheckpointFile(PortalOptions options)
{
    private sealed record Line(long Number, string Hash, string At);

    private string Path => System.IO.Path.Combine(options.DataDirectory, "audit-checkpoints.log");

    public async Task AppendAsync(AuditCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        if (options.DataDirectory.Length == 0)
        {
            return;
        }
        var text = JsonSerializer.Serialize(new Line(checkpoint.Number, Convert.ToHexStringLower(checkpoint.Hash), AuditHash.Time(checkpoint.At)), JsonSerializerOptions.Web);
        var file = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        }
        await using var stream = new FileStream(Path, file);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text + "\n"), cancellationToken);
    }

    public async Task<IReadOnlyList<AuditCheckpoint>> ReadAsync(CancellationToken cancellationToken)
    {
        var found = new List<AuditCheckpoint>();
        if (options.DataDirectory.Length == 0 || !File.Exists(Path))
        {
            return found;
        }
        await foreach (var line in File.ReadLinesAsync(Path, cancellationToken))
        {
            if (Parse(line) is { } checkpoint)
            {
                found.Add(checkpoint);
            }
        }
        return found;
    }

    /// <summary>Null for a line that is not whole: the process may have died while writing it.</summary>
    private static AuditCheckpoint? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<Line>(line, JsonSerializerOptions.Web) is { Hash.Length: 64, At: not null } l
                ? new AuditCheckpoint { Number = l.Number, Hash = Convert.FromHexString(l.Hash), At = DateTimeOffset.Parse(l.At, CultureInfo.InvariantCulture) }
                : null;
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return null;
        }
    }
}
