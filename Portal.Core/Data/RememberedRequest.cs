using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Data;

/// <summary>A request that came with an <c>Idempotency-Key</c>, so that sending it again repeats the answer and not the act.</summary>
public sealed class RememberedRequest
{
    public required Guid ActorId { get; init; }

    public required string Key { get; init; }

    /// <summary>SHA-256 of method, address and body.</summary>
    public required byte[] RequestHash { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Null while it is being answered.</summary>
    public DateTimeOffset? AnsweredAt { get; init; }

    /// <summary>Sealed, because an answer may show a secret once.</summary>
    public byte[]? Answer { get; init; }
}

internal sealed class RememberedRequestMapping : IEntityTypeConfiguration<RememberedRequest>
{
    public void Configure(EntityTypeBuilder<RememberedRequest> builder)
    {
        builder.ToTable("remembered_requests");
        builder.HasKey(r => new { r.ActorId, r.Key });
        builder.Property(r => r.Key).HasMaxLength(200);
        builder.HasIndex(r => r.StartedAt);
    }
}
