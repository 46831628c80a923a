using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Common;

namespace Portal.Core.Audit;

/// <summary>
/// One act: who did what to what, from where, and what it changed. Written in the change's own transaction and never
/// edited; the hosts' database role may only insert and select here. Numbered and hashed later by the sealer, in
/// <see cref="AuditSeal"/>, so that the chain is no lock on every change.
/// </summary>
public sealed class AuditEntry
{
    public required Guid Id { get; init; }

    public required DateTimeOffset At { get; init; }

    public required ActorKind ActorKind { get; init; }

    public Guid? ActorId { get; init; }

    /// <summary>The person behind a token.</summary>
    public Guid? UserId { get; init; }

    public required string ActorName { get; init; }

    /// <summary>The IP address it came from.</summary>
    public string? Address { get; init; }

    /// <summary>Dotted, past tense is not used: "app.create", "release.rollback", "variable.set".</summary>
    public required string Action { get; init; }

    public Guid? TeamId { get; init; }

    public Guid? AppId { get; init; }

    /// <summary>What it was done to, as a person reads it: "shop/api production DATABASE_URL".</summary>
    public required string Target { get; init; }

    /// <summary>JSON object of the changed fields before; never a secret's value.</summary>
    public string? Before { get; init; }

    public string? After { get; init; }

    /// <summary>"done", or "refused" for a refusal worth keeping.</summary>
    public required string Outcome { get; init; }
}

/// <summary>The place of one entry in the tamper-evident chain.</summary>
public sealed class AuditSeal
{
    /// <summary>1, 2, 3, … without gaps.</summary>
    public required long Number { get; init; }

    public required Guid EntryId { get; init; }

    /// <summary>SHA-256 over the previous hash and the entry's stored bytes (32 bytes).</summary>
    public required byte[] Hash { get; init; }

    public required DateTimeOffset SealedAt { get; init; }
}

internal sealed class AuditEntryMapping : IEntityTypeConfiguration<AuditEntry>
{
    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        builder.ToTable("audit_entries");
        builder.HasKey(e => e.Id);
        builder.Property(e => e.ActorName).HasMaxLength(200);
        builder.Property(e => e.Address).HasMaxLength(64);
        builder.Property(e => e.Action).HasMaxLength(64);
        builder.Property(e => e.Target).HasMaxLength(400);
        builder.Property(e => e.Outcome).HasMaxLength(16);
        builder.HasIndex(e => e.At);
        builder.HasIndex(e => new { e.TeamId, e.At });
        builder.HasIndex(e => new { e.UserId, e.At });
    }
}

internal sealed class AuditSealMapping : IEntityTypeConfiguration<AuditSeal>
{
    public void Configure(EntityTypeBuilder<AuditSeal> builder)
    {
        builder.ToTable("audit_seals");
        builder.HasKey(s => s.Number);
        builder.Property(s => s.Number).ValueGeneratedNever();
        builder.HasIndex(s => s.EntryId).IsUnique();
    }
}
