using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Audit;

/// <summary>
/// How far the chain was at a time. One that is kept outside the database proves later that the end was not cut off:
/// the chain must still reach it, with the same hash.
/// </summary>
public sealed class AuditCheckpoint
{
    /// <summary>0 before anything was sealed.</summary>
    public required long Number { get; init; }

    /// <summary>The chain's hash at that number (32 bytes).</summary>
    public required byte[] Hash { get; init; }

    public required DateTimeOffset At { get; init; }
}

internal sealed class AuditCheckpointMapping : IEntityTypeConfiguration<AuditCheckpoint>
{
    public void Configure(EntityTypeBuilder<AuditCheckpoint> builder)
    {
        builder.ToTable("audit_checkpoints");
        builder.HasKey(c => c.Number);
        builder.Property(c => c.Number).ValueGeneratedNever();
    }
}
