using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Jobs;

public enum JobState
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>
/// Work that must happen although every process may die. Enqueued in the caller's transaction, claimed with
/// <c>FOR UPDATE SKIP LOCKED</c>, held by a lease that heartbeats extend, and written only under its fence:
/// whoever lost the lease cannot write a result.
/// </summary>
public sealed class Job
{
    public required Guid Id { get; init; }

    /// <summary>Which handler runs it: "build", "environment", "push", …</summary>
    public required string Kind { get; init; }

    /// <summary>What it is about, within the kind. At most one queued job per kind and key (enqueueing again is harmless).</summary>
    public required string Key { get; init; }

    /// <summary>At most one running job per lane, e.g. one build per app and branch. Null: no limit.</summary>
    public string? Lane { get; init; }

    /// <summary>For the fair share between teams.</summary>
    public Guid? TeamId { get; init; }

    public JobState State { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Not before this time (backoff, delayed work).</summary>
    public required DateTimeOffset RunAfter { get; set; }

    /// <summary>How often it was claimed.</summary>
    public int Attempt { get; set; }

    public required int MaxAttempts { get; init; }

    /// <summary>Hard limit for one attempt, in seconds.</summary>
    public required int TimeLimitSeconds { get; init; }

    /// <summary>Raised by each claim; a write under an older fence is refused.</summary>
    public long Fence { get; set; }

    public Guid? LeaseOwner { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Somebody asked to stop; the sentence says who or why.</summary>
    public string? CancelReason { get; set; }

    /// <summary>Why it failed or was put back, in plain words.</summary>
    public string? Reason { get; set; }
}

internal sealed class JobMapping : IEntityTypeConfiguration<Job>
{
    public void Configure(EntityTypeBuilder<Job> builder)
    {
        builder.ToTable("jobs");
        builder.HasKey(j => j.Id);
        builder.Property(j => j.Kind).HasMaxLength(32);
        builder.Property(j => j.Key).HasMaxLength(100);
        builder.Property(j => j.Lane).HasMaxLength(200);
        builder.Property(j => j.CancelReason).HasMaxLength(400);
        builder.Property(j => j.Reason).HasMaxLength(1000);
        builder.HasIndex(j => new { j.Kind, j.Key }).IsUnique().HasFilter("state = 'Queued'").HasDatabaseName("ix_jobs_one_queued");
        builder.HasIndex(j => j.Lane).IsUnique().HasFilter("state = 'Running' and lane is not null").HasDatabaseName("ix_jobs_one_running_per_lane");
        builder.HasIndex(j => new { j.State, j.RunAfter });
        builder.HasIndex(j => j.EndedAt);
    }
}
