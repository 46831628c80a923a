using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Testing;

namespace Portal.Postgres.Tests.Audit;

/// <summary>A database with a trail, its sealer and verifier, and a data folder for the checkpoints outside.</summary>
internal sealed class AuditWorld : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-audit-").FullName;

    private AuditWorld(PortalDatabase database)
    {
        Database = database;
        File = new CheckpointFile(new PortalOptions { DataDirectory = _folder });
    }

    public static Actor Admin { get; } = TestActors.Admin();

    public PortalDatabase Database { get; }

    public CheckpointFile File { get; }

    public string CheckpointPath => Path.Combine(_folder, "audit-checkpoints.log");

    public AuditVerifier Verifier => new(Database.Source, File);

    public AuditReader Reader => new(Database.Source);

    public AuditExporter Exporter => new(Database.Source, Database, new AuditTrail(TimeProvider.System));

    public static async Task<AuditWorld> CreateAsync(int sealedEntries = 0)
    {
        var world = new AuditWorld(await PortalDatabase.CreateAsync(TestContext.Current.CancellationToken));
        for (var i = 1; i <= sealedEntries; i++)
        {
            await world.RecordAsync($"shop/api {i}");
        }
        if (sealedEntries > 0)
        {
            await world.SealAsync();
        }
        return world;
    }

    public AuditSealer Sealer() => new(Database.Source, File, TimeProvider.System, NullLogger<AuditSealer>.Instance);

    public Task<int> SealAsync(bool whole = false) => Sealer().SealAsync(whole, TestContext.Current.CancellationToken);

    public async Task RecordAsync(string target, Actor? actor = null, string action = "app.change", Guid? team = null, string outcome = "done")
    {
        await using var db = Database.CreateDbContext();
        new AuditTrail(TimeProvider.System).Record(db, actor ?? Admin, action, target, team, before: new { branch = "main" }, after: new { branch = "grün" }, outcome: outcome);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    public Task<AuditVerdict> VerifyAsync(AuditCheckpoint? kept = null) => Verifier.VerifyAsync(Admin, kept, TestContext.Current.CancellationToken);

    /// <summary>As somebody who got hold of the role that owns the tables.</summary>
    public async Task TamperAsync(string sql)
    {
        await using var source = PortalData.Source(new NpgsqlConnectionStringBuilder(Database.OwnerConnectionString) { Pooling = false }.ConnectionString);
        await using var command = source.CreateCommand(sql);
        Assert.NotEqual(0, await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
