using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Triggers;

public enum PushSource
{
    /// <summary>git push to Portal's own repository.</summary>
    Portal,

    /// <summary>A signed webhook.</summary>
    Webhook,

    /// <summary>A branch head that no push told us about.</summary>
    Reconciler,
}

public enum PushState
{
    Received,
    Decided,

    /// <summary>Could not be decided, the repository was away for long; a redelivery or the reconciler tries again.</summary>
    Failed,
}

/// <summary>One accepted inbound delivery: stored once, before it is answered, then decided by the worker for every app.</summary>
public sealed class Push
{
    public required Guid Id { get; init; }

    public required PushSource Source { get; init; }

    /// <summary>The sender's id of this delivery (X-GitHub-Delivery), or a generated one. Unique per connection.</summary>
    public required string DeliveryKey { get; init; }

    /// <summary>The app whose connection or repository it came in at.</summary>
    public required Guid AppId { get; init; }

    public required Guid TeamId { get; init; }

    /// <summary>X-GitHub-Event: "push", "ping", …</summary>
    public required string EventName { get; init; }

    /// <summary>Full ref; null when the event has none.</summary>
    public string? Ref { get; set; }

    public string? Before { get; set; }

    public string? After { get; set; }

    /// <summary>The pusher as the sender names them; attacker-controlled.</summary>
    public string? PushedBy { get; set; }

    /// <summary>Whose token pushed; null for other senders.</summary>
    public Guid? PushedByUserId { get; init; }

    public string? Message { get; set; }

    /// <summary>The raw body of a webhook, at most 26 MB; dropped after the retention.</summary>
    public byte[]? Body { get; set; }

    /// <summary>JSON of <see cref="PushHeaders"/>.</summary>
    public string? Headers { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public PushState State { get; set; }

    /// <summary>How often the same delivery came in.</summary>
    public int Times { get; set; } = 1;

    public DateTimeOffset? DecidedAt { get; set; }
}

/// <summary>What is kept of how a delivery came, in <see cref="Push.Headers"/>.</summary>
/// <param name="Host">Which kind of git host spoke.</param>
/// <param name="Secret">Which secret it proved to know.</param>
/// <param name="Headers">Those that say something about the delivery; no proof, no secret.</param>
public sealed record PushHeaders(string? Host, string? Secret, Dictionary<string, string>? Headers)
{
    public const string Current = "current";

    /// <summary>A sender that still uses the old secret shall be found before it stops working.</summary>
    public const string Previous = "previous";
}

/// <summary>What a push meant for one environment, and why.</summary>
public sealed class PushDecision
{
    public required Guid PushId { get; init; }

    public required Guid EnvironmentId { get; init; }

    /// <summary>Guid.Empty is used as environment when the push concerned none.</summary>
    public required bool Deploys { get; init; }

    /// <summary>"not deployed: path filter api/** matched 0 of 3 files".</summary>
    public required string Reason { get; init; }

    public Guid? BuildId { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>The newest head of a branch or tag that Portal has dealt with; what the reconciler compares with the repository.</summary>
public sealed class KnownHead
{
    public required Guid AppId { get; init; }

    public required string Ref { get; init; }

    public required string Commit { get; set; }

    public required DateTimeOffset SeenAt { get; set; }
}

/// <summary>When all heads of an outside repository were last compared with the known ones.</summary>
public sealed class HeadCheck
{
    public required Guid AppId { get; init; }

    public required DateTimeOffset At { get; set; }
}

internal sealed class PushMapping : IEntityTypeConfiguration<Push>
{
    public void Configure(EntityTypeBuilder<Push> builder)
    {
        builder.ToTable("pushes");
        builder.HasKey(p => p.Id);
        builder.Property(p => p.DeliveryKey).HasMaxLength(100);
        builder.Property(p => p.EventName).HasMaxLength(64);
        builder.Property(p => p.Ref).HasMaxLength(300);
        builder.Property(p => p.Before).HasMaxLength(64);
        builder.Property(p => p.After).HasMaxLength(64);
        builder.Property(p => p.PushedBy).HasMaxLength(200);
        builder.Property(p => p.Message).HasMaxLength(200);
        builder.Property(p => p.Headers).HasColumnType("jsonb");
        builder.HasIndex(p => new { p.AppId, p.DeliveryKey }).IsUnique();
        builder.HasIndex(p => new { p.TeamId, p.ReceivedAt });
        builder.HasIndex(p => p.State).HasFilter("state = 'Received'");
        builder.HasOne<Portal.Core.Apps.App>().WithMany().HasForeignKey(p => p.AppId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class PushDecisionMapping : IEntityTypeConfiguration<PushDecision>
{
    public void Configure(EntityTypeBuilder<PushDecision> builder)
    {
        builder.ToTable("push_decisions");
        builder.HasKey(d => new { d.PushId, d.EnvironmentId });
        builder.Property(d => d.Reason).HasMaxLength(600);
        builder.HasOne<Push>().WithMany().HasForeignKey(d => d.PushId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(d => d.EnvironmentId);
    }
}

internal sealed class HeadCheckMapping : IEntityTypeConfiguration<HeadCheck>
{
    public void Configure(EntityTypeBuilder<HeadCheck> builder)
    {
        builder.ToTable("head_checks");
        builder.HasKey(c => c.AppId);
        builder.HasOne<Portal.Core.Apps.App>().WithMany().HasForeignKey(c => c.AppId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class KnownHeadMapping : IEntityTypeConfiguration<KnownHead>
{
    public void Configure(EntityTypeBuilder<KnownHead> builder)
    {
        builder.ToTable("known_heads");
        builder.HasKey(h => new { h.AppId, h.Ref });
        builder.Property(h => h.Ref).HasMaxLength(300);
        builder.Property(h => h.Commit).HasMaxLength(64);
        builder.HasOne<Portal.Core.Apps.App>().WithMany().HasForeignKey(h => h.AppId).OnDelete(DeleteBehavior.Cascade);
    }
}
