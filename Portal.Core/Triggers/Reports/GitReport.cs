using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Git.GitHub;

namespace Portal.Core.Triggers.Reports;

public enum ReportKind
{
    /// <summary>A check on the commit, of a build.</summary>
    Build,

    /// <summary>A deployment, of a release.</summary>
    Release,
}

/// <summary>What the git host was told of one build or release: the observed side of the outbox. What it should be told follows from the build or release itself.</summary>
public sealed class GitReport
{
    /// <summary>Of the build or release.</summary>
    public required Guid SubjectId { get; init; }

    public required ReportKind Kind { get; init; }

    public required Guid EnvironmentId { get; init; }

    // Kept here, so that the end of an app can still be told.
    public required Guid ConnectionId { get; init; }

    public required long InstallationId { get; set; }

    public required long RepositoryId { get; init; }

    /// <summary>The host's number of the check run or deployment; 0: a commit status stands for it; null: not made yet.</summary>
    public long? ExternalId { get; set; }

    /// <summary>Fingerprint of what was sent last.</summary>
    public string? Sent { get; set; }

    public ReportState? SentState { get; set; }

    public DateTimeOffset? SentAt { get; set; }

    /// <summary>Of the check, or of the deployment's environment.</summary>
    public required string Name { get; init; }

    public required string Commit { get; init; }

    /// <summary>Why it could not be told; it is tried again when there is something else to tell.</summary>
    public string? Problem { get; set; }
}

internal sealed class GitReportMapping : IEntityTypeConfiguration<GitReport>
{
    public void Configure(EntityTypeBuilder<GitReport> builder)
    {
        builder.ToTable("git_reports");
        builder.HasKey(r => r.SubjectId);
        builder.Property(r => r.Sent).HasMaxLength(64);
        builder.Property(r => r.Name).HasMaxLength(100);
        builder.Property(r => r.Commit).HasMaxLength(64);
        builder.Property(r => r.Problem).HasMaxLength(600);
        builder.HasIndex(r => r.EnvironmentId);
        builder.HasOne<GitConnection>().WithMany().HasForeignKey(r => r.ConnectionId).OnDelete(DeleteBehavior.Cascade);
    }
}
