using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Portal.Core.Data;

/// <summary>
/// Everything Portal knows, in one PostgreSQL database. Entities and their mappings live in the feature folders and are
/// found by reflection; features read and write through <see cref="DbContext.Set{T}()"/>.
/// <see cref="Signal"/> queues a change notice that goes out with the commit of the next save.
/// </summary>
public sealed class PortalDbContext(DbContextOptions<PortalDbContext> options)
    : IdentityUserContext<PortalUser, Guid>(options), IDataProtectionKeyContext
{
    private readonly HashSet<(string Channel, string Payload)> _signals = [];
    private readonly List<FormattableString> _statements = [];

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>Tells the live pages, after the commit, that <paramref name="key"/> of <paramref name="topic"/> may have changed.</summary>
    public void Signal(string topic, Guid key) => _signals.Add((Signals.LiveChannel, $"{topic}:{key}"));

    /// <summary>Wakes the listeners of one channel after the commit.</summary>
    public void Wake(string channel, string payload = "") => _signals.Add((channel, payload));

    /// <summary>Runs a statement in the transaction of the next save, after the rows are written. For what EF Core cannot say, such as "on conflict do nothing".</summary>
    public void Defer(FormattableString statement) => _statements.Add(statement);

    /// <summary>Only for the key ring, whose repository knows no other way.</summary>
    public override int SaveChanges(bool acceptAllChangesOnSuccess) =>
        _signals.Count == 0 && _statements.Count == 0 && ChangeTracker.Entries().All(e => e.Entity is DataProtectionKey)
            ? base.SaveChanges(acceptAllChangesOnSuccess)
            : throw new NotSupportedException("Saving is asynchronous everywhere: SaveChangesAsync.");

    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        if (_signals.Count == 0 && _statements.Count == 0)
        {
            return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        }
        var own = Database.CurrentTransaction is null ? await Database.BeginTransactionAsync(cancellationToken) : null;
        try
        {
            var saved = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
            foreach (var statement in _statements)
            {
                saved += await Database.ExecuteSqlInterpolatedAsync(statement, cancellationToken);
            }
            foreach (var (channel, payload) in _signals)
            {
                await Database.ExecuteSqlAsync($"select pg_notify({channel}, {payload})", cancellationToken);
            }
            if (own is not null)
            {
                await own.CommitAsync(cancellationToken);
            }
            _signals.Clear();
            _statements.Clear();
            return saved;
        }
        finally
        {
            if (own is not null)
            {
                await own.DisposeAsync();
            }
        }
    }

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.ApplyConfigurationsFromAssembly(typeof(PortalDbContext).Assembly);
        builder.Entity<PortalUser>().ToTable("users").Property(u => u.DisplayName).HasMaxLength(80);
        builder.Entity<Microsoft.AspNetCore.Identity.IdentityUserClaim<Guid>>().ToTable("user_claims");
        builder.Entity<Microsoft.AspNetCore.Identity.IdentityUserLogin<Guid>>().ToTable("user_logins");
        builder.Entity<Microsoft.AspNetCore.Identity.IdentityUserToken<Guid>>().ToTable("user_tokens");
        builder.Entity<DataProtectionKey>().ToTable("data_protection_keys");
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        // Enums are stored as their names: readable in SQL, and safe against reordering.
        configurationBuilder.Properties<Enum>().HaveConversion<string>().HaveMaxLength(32);
}

/// <summary>Names of the NOTIFY channels.</summary>
public static class Signals
{
    /// <summary>Payload <c>topic:guid</c>; what the live pages listen to.</summary>
    public const string LiveChannel = "portal_live";

    /// <summary>A job was enqueued; no payload.</summary>
    public const string JobsChannel = "portal_jobs";

    /// <summary>A running job shall stop; payload is the job's id.</summary>
    public const string CancelChannel = "portal_cancel";

    /// <summary>The gateway's routes changed; no payload.</summary>
    public const string RoutesChannel = "portal_routes";

    /// <summary>A gateway acknowledged or drained a revision; no payload.</summary>
    public const string GatewaysChannel = "portal_gateways";
}
