using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Apps;

namespace Portal.Core.Builds;

public enum BuildState
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,

    /// <summary>A newer push of the same branch took its place.</summary>
    Superseded,
}

/// <param name="Name">"fetch", "detect", "install", "build", "package".</param>
public sealed record BuildStep(string Name, DateTimeOffset StartedAt, DateTimeOffset? EndedAt);

/// <summary>One commit made runnable for one environment.</summary>
public sealed class Build
{
    public required Guid Id { get; init; }

    public required Guid AppId { get; init; }

    public required Guid TeamId { get; init; }

    public required Guid EnvironmentId { get; init; }

    /// <summary>1, 2, 3, … per app.</summary>
    public required int Number { get; init; }

    public BuildState State { get; set; }

    /// <summary>Full object id of the commit; null until resolved for a deploy "by hand" of a branch.</summary>
    public string? Commit { get; set; }

    /// <summary>Full ref, e.g. <c>refs/heads/main</c>.</summary>
    public required string Ref { get; init; }

    /// <summary>First line of the commit message, at most 200 characters; attacker-controlled.</summary>
    public string? Message { get; set; }

    public string? Author { get; set; }

    public required DeployTrigger Trigger { get; init; }

    /// <summary>Who or what caused it, as shown.</summary>
    public required string Actor { get; init; }

    public Guid? ActorUserId { get; init; }

    /// <summary>The inbound push that caused it.</summary>
    public Guid? PushId { get; init; }

    /// <summary>Why it failed, was cancelled or superseded, in plain words; null while it goes well.</summary>
    public string? Reason { get; set; }

    /// <summary>JSON of <see cref="Portal.Core.Common.Status"/> when it failed: what happened, what to do, evidence.</summary>
    public string? Failure { get; set; }

    /// <summary>JSON of BuildPlan, once detected.</summary>
    public string? Plan { get; set; }

    public List<BuildStep> Steps { get; set; } = [];

    public required DateTimeOffset QueuedAt { get; init; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    public Guid? ArtifactId { get; set; }

    /// <summary>Built, and waiting for the checks of its commit since then; null: not waiting.</summary>
    public DateTimeOffset? WaitsForChecksSince { get; set; }
}

/// <summary>A piece of a build's log, secrets masked before it is stored. Append-only.</summary>
public sealed class BuildLogChunk
{
    public required Guid BuildId { get; init; }

    /// <summary>0, 1, 2, … per build.</summary>
    public required int Sequence { get; init; }

    /// <summary>Whole lines; a line that starts with <c>\u001b]portal;step;NAME\u0007</c> opens a step.</summary>
    public required string Text { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>A build's result, on disk: immutable.</summary>
public sealed class Artifact
{
    public required Guid Id { get; init; }

    public required Guid AppId { get; init; }

    public required Guid BuildId { get; init; }

    public required string Commit { get; init; }

    /// <summary>What the builder returned, e.g. a folder name below the artifacts folder.</summary>
    public required string Location { get; init; }

    public required long Bytes { get; init; }

    /// <summary>JSON of BuildPlan: processes and run environment.</summary>
    public required string Plan { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Its files were removed by retention; it cannot be released any more.</summary>
    public DateTimeOffset? RemovedAt { get; set; }
}

internal sealed class BuildMapping : IEntityTypeConfiguration<Build>
{
    public void Configure(EntityTypeBuilder<Build> builder)
    {
        builder.ToTable("builds");
        builder.HasKey(b => b.Id);
        builder.Property(b => b.Commit).HasMaxLength(64);
        builder.Property(b => b.Ref).HasMaxLength(300);
        builder.Property(b => b.Message).HasMaxLength(200);
        builder.Property(b => b.Author).HasMaxLength(200);
        builder.Property(b => b.Actor).HasMaxLength(200);
        builder.Property(b => b.Reason).HasMaxLength(1000);
        builder.Property(b => b.Failure).HasColumnType("jsonb");
        builder.Property(b => b.Plan).HasColumnType("jsonb");
        builder.Property(b => b.Steps).HasColumnType("jsonb");
        builder.HasIndex(b => new { b.AppId, b.Number }).IsUnique();
        builder.HasIndex(b => new { b.EnvironmentId, b.QueuedAt });
        builder.HasIndex(b => b.AppId, "ix_builds_waiting").HasFilter("waits_for_checks_since is not null");
        builder.HasIndex(b => b.State).HasFilter("state in ('Queued', 'Running')");
        builder.HasOne<App>().WithMany().HasForeignKey(b => b.AppId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class BuildLogChunkMapping : IEntityTypeConfiguration<BuildLogChunk>
{
    public void Configure(EntityTypeBuilder<BuildLogChunk> builder)
    {
        builder.ToTable("build_log_chunks");
        builder.HasKey(c => new { c.BuildId, c.Sequence });
        builder.HasOne<Build>().WithMany().HasForeignKey(c => c.BuildId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class ArtifactMapping : IEntityTypeConfiguration<Artifact>
{
    public void Configure(EntityTypeBuilder<Artifact> builder)
    {
        builder.ToTable("artifacts");
        builder.HasKey(a => a.Id);
        builder.Property(a => a.Commit).HasMaxLength(64);
        builder.Property(a => a.Location).HasMaxLength(300);
        builder.Property(a => a.Plan).HasColumnType("jsonb");
        builder.HasIndex(a => new { a.AppId, a.CreatedAt });
        builder.HasOne<App>().WithMany().HasForeignKey(a => a.AppId).OnDelete(DeleteBehavior.Cascade);
    }
}
