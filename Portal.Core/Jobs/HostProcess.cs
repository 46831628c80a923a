using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Jobs;

/// <summary>A running host, as it says of itself every few seconds; shown on Admin → System.</summary>
public sealed class HostProcess
{
    public required Guid Id { get; init; }

    /// <summary>"web" or "worker".</summary>
    public required string Role { get; init; }

    public required string Version { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset SeenAt { get; set; }

    public long MemoryBytes { get; set; }

    /// <summary>Why what it runs is not kept apart; null where it is, or where it runs nothing of others.</summary>
    public string? NotIsolated { get; init; }
}

internal sealed class HostProcessMapping : IEntityTypeConfiguration<HostProcess>
{
    public void Configure(EntityTypeBuilder<HostProcess> builder)
    {
        builder.ToTable("host_processes");
        builder.HasKey(h => h.Id);
        builder.Property(h => h.Role).HasMaxLength(16);
        builder.Property(h => h.Version).HasMaxLength(64);
        builder.Property(h => h.NotIsolated).HasMaxLength(1000);
    }
}
