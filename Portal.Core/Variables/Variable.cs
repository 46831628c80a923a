using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Apps;

namespace Portal.Core.Variables;

public enum VariableUse
{
    Run,
    Build,
    Both,
}

/// <summary>An environment variable of one environment. Rows are versions: setting adds a row, removing adds a row without value.</summary>
public sealed class Variable
{
    public required Guid Id { get; init; }

    public required Guid EnvironmentId { get; init; }

    public required string Key { get; init; }

    /// <summary>Plain value; null when secret or removed.</summary>
    public string? Value { get; init; }

    /// <summary>Sealed value of a secret; null when plain or removed.</summary>
    public byte[]? Sealed { get; init; }

    public required bool Secret { get; init; }

    public required VariableUse Use { get; init; }

    /// <summary>Set by an add-on or by Portal, not by a person; cannot be edited by hand.</summary>
    public string? ManagedBy { get; init; }

    public required bool Removed { get; init; }

    /// <summary>The newest version of its key in its environment. Exactly one row per key is current.</summary>
    public bool Current { get; set; } = true;

    public required DateTimeOffset SetAt { get; init; }

    public required string SetBy { get; init; }
}

internal sealed class VariableMapping : IEntityTypeConfiguration<Variable>
{
    public void Configure(EntityTypeBuilder<Variable> builder)
    {
        builder.ToTable("variables");
        builder.HasKey(v => v.Id);
        builder.Property(v => v.Key).HasMaxLength(128);
        builder.Property(v => v.ManagedBy).HasMaxLength(80);
        builder.Property(v => v.SetBy).HasMaxLength(200);
        builder.HasIndex(v => new { v.EnvironmentId, v.Key }).IsUnique().HasFilter("current").HasDatabaseName("ix_variables_current");
        builder.HasIndex(v => new { v.EnvironmentId, v.Key, v.SetAt });
        builder.HasOne<AppEnvironment>().WithMany().HasForeignKey(nameof(Variable.EnvironmentId)).OnDelete(DeleteBehavior.Cascade);
    }
}
