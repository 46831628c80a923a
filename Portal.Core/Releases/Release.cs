using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Apps;
using Portal.Core.Builds;

namespace Portal.Core.Releases;

public enum ReleaseState
{
    Pending,
    RollingOut,
    Live,
    Superseded,
    Failed,
    Cancelled,
}

public enum ReleaseTrigger
{
    Build,
    Variables,
    Rollback,
    Promote,
    Settings,
    Fix,
}

/// <summary>An immutable pair of artifact and variables, numbered v1, v2, … per environment. Rolling back makes a new one.</summary>
public sealed class Release
{
    public required Guid Id { get; init; }

    public required Guid EnvironmentId { get; init; }

    public required Guid AppId { get; init; }

    public required Guid TeamId { get; init; }

    public required int Version { get; init; }

    public required Guid ArtifactId { get; init; }

    /// <summary>The plain run variables as they were. Secrets stay current: only their keys are kept in <see cref="SecretKeys"/>.</summary>
    public required Dictionary<string, string> Variables { get; init; }

    public required List<string> SecretKeys { get; init; }

    public required string Commit { get; init; }

    public string? Message { get; init; }

    public required ReleaseTrigger Trigger { get; init; }

    /// <summary>The version rolled back to, or promoted from (with <see cref="Note"/> naming the environment).</summary>
    public int? FromVersion { get; init; }

    /// <summary>What changed, in words: "DATABASE_URL changed", "back to v12", "promoted from staging v4".</summary>
    public string? Note { get; init; }

    public required string Actor { get; init; }

    public Guid? BuildId { get; init; }

    public ReleaseState State { get; set; }

    /// <summary>Why it failed or was cancelled, in plain words.</summary>
    public string? Reason { get; set; }

    /// <summary>JSON of Status, when it failed.</summary>
    public string? Failure { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? RolloutAt { get; set; }

    public DateTimeOffset? LiveAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>The release command ran to its end for this release; it is not run twice.</summary>
    public DateTimeOffset? PreparedAt { get; set; }
}

/// <summary>Where the gateway sends the requests of one environment. Written by the roll-out, read by every gateway.</summary>
public sealed class Route
{
    public required Guid EnvironmentId { get; init; }

    /// <summary>The label before the apps domain: <c>{app}--{team}</c> or <c>{env}--{app}--{team}</c>.</summary>
    public required string Host { get; init; }

    public required int ReleaseVersion { get; set; }

    /// <summary><c>127.0.0.1:20417</c> …; empty: known but nothing serves now.</summary>
    public required List<string> Targets { get; set; }

    /// <summary>Shown by the gateway when there is no target: "starting", "down", "asleep", "nothing-deployed".</summary>
    public required string State { get; set; }

    /// <summary>From <see cref="RouteRevision"/>; a gateway that acknowledged revision r has applied every row with revision ≤ r.</summary>
    public required long Revision { get; set; }
}

/// <summary>One running gateway and how far it is.</summary>
public sealed class Gateway
{
    public required Guid Id { get; init; }

    /// <summary>All routes up to this revision are applied.</summary>
    public long AppliedRevision { get; set; }

    /// <summary>Releases (<see cref="Passage"/>) that still have requests which a replaced route sent.</summary>
    public List<string> Draining { get; set; } = [];

    /// <summary>After this it is dead and nobody waits for it.</summary>
    public DateTimeOffset LeaseUntil { get; set; }

    /// <summary>How one release of one environment is named in <see cref="Draining"/>.</summary>
    public static string Passage(Guid environmentId, int releaseVersion) => $"{environmentId:n}/{releaseVersion}";
}

/// <summary>Requests of one environment and release in one minute, added up over gateways.</summary>
public sealed class TrafficMinute
{
    public required Guid EnvironmentId { get; init; }

    public required int ReleaseVersion { get; init; }

    public required DateTimeOffset Minute { get; init; }

    public long Requests { get; set; }

    /// <summary>Answers of 500 and above, and requests that no instance answered.</summary>
    public long Errors { get; set; }

    /// <summary>Counts by duration bucket (bounds in <c>TrafficBuckets</c>), from which the p95 is read.</summary>
    public List<long> Durations { get; set; } = [];
}

internal sealed class ReleaseMapping : IEntityTypeConfiguration<Release>
{
    public void Configure(EntityTypeBuilder<Release> builder)
    {
        builder.ToTable("releases");
        builder.HasKey(r => r.Id);
        builder.Property(r => r.Commit).HasMaxLength(64);
        builder.Property(r => r.Message).HasMaxLength(200);
        builder.Property(r => r.Note).HasMaxLength(400);
        builder.Property(r => r.Actor).HasMaxLength(200);
        builder.Property(r => r.Reason).HasMaxLength(1000);
        builder.Property(r => r.Variables).HasColumnType("jsonb");
        builder.Property(r => r.Failure).HasColumnType("jsonb");
        builder.HasIndex(r => new { r.EnvironmentId, r.Version }).IsUnique();
        builder.HasIndex(r => r.AppId);
        builder.HasIndex(r => new { r.TeamId, r.CreatedAt });
        builder.HasOne<AppEnvironment>().WithMany().HasForeignKey(r => r.EnvironmentId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Artifact>().WithMany().HasForeignKey(r => r.ArtifactId).OnDelete(DeleteBehavior.Restrict);
    }
}

internal sealed class RouteMapping : IEntityTypeConfiguration<Route>
{
    public void Configure(EntityTypeBuilder<Route> builder)
    {
        builder.ToTable("routes");
        builder.HasKey(r => r.EnvironmentId);
        builder.Property(r => r.Host).HasMaxLength(63);
        builder.Property(r => r.State).HasMaxLength(32);
        builder.HasIndex(r => r.Host).IsUnique();
        builder.HasIndex(r => r.Revision);
        builder.HasOne<AppEnvironment>().WithMany().HasForeignKey(r => r.EnvironmentId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class GatewayMapping : IEntityTypeConfiguration<Gateway>
{
    public void Configure(EntityTypeBuilder<Gateway> builder)
    {
        builder.ToTable("gateways");
        builder.HasKey(g => g.Id);
    }
}

internal sealed class TrafficMinuteMapping : IEntityTypeConfiguration<TrafficMinute>
{
    public void Configure(EntityTypeBuilder<TrafficMinute> builder)
    {
        builder.ToTable("traffic_minutes");
        builder.HasKey(t => new { t.EnvironmentId, t.Minute, t.ReleaseVersion });
        builder.HasIndex(t => t.Minute);
        builder.HasOne<AppEnvironment>().WithMany().HasForeignKey(t => t.EnvironmentId).OnDelete(DeleteBehavior.Cascade);
    }
}
