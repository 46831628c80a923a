using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Apps;

namespace Portal.Core.Variables;

public enum AddOnState
{
    Creating,
    Ready,
    Removing,
    Failed,
}

/// <summary>A database that an environment is bound to: kept across releases, backed up with the rest.</summary>
public sealed class AddOn
{
    public required Guid Id { get; init; }

    public required Guid EnvironmentId { get; init; }

    public required Guid TeamId { get; init; }

    /// <summary>"postgresql".</summary>
    public required string Kind { get; init; }

    /// <summary>The name of its database and of the role that owns it.</summary>
    public required string Name { get; init; }

    /// <summary>Sealed.</summary>
    public required byte[] Password { get; init; }

    /// <summary>The variable that tells the app its address.</summary>
    public required string VariableKey { get; init; }

    public AddOnState State { get; set; }

    /// <summary>Why it could not be made or removed, in words.</summary>
    public string? Reason { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }
}

internal sealed class AddOnMapping : IEntityTypeConfiguration<AddOn>
{
    public void Configure(EntityTypeBuilder<AddOn> builder)
    {
        builder.ToTable("add_ons");
        builder.HasKey(a => a.Id);
        builder.Property(a => a.Kind).HasMaxLength(32);
        builder.Property(a => a.Name).HasMaxLength(63);
        builder.Property(a => a.VariableKey).HasMaxLength(128);
        builder.Property(a => a.Reason).HasMaxLength(1000);
        builder.Property(a => a.CreatedBy).HasMaxLength(200);
        builder.HasIndex(a => new { a.EnvironmentId, a.Kind }).IsUnique();
        builder.HasIndex(a => a.Name).IsUnique();
        // Restrict: the rows lead to databases that must be dropped first.
        builder.HasOne<AppEnvironment>().WithMany().HasForeignKey(a => a.EnvironmentId).OnDelete(DeleteBehavior.Restrict);
    }
}
