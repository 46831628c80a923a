using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Apps;

namespace Portal.Core.Triggers.Previews;

public enum PreviewState
{
    /// <summary>Of a fork: nothing of its newest commit runs before somebody approves that commit.</summary>
    Waiting,

    Active,

    /// <summary>Its environment is gone; <see cref="Preview.Ended"/> says why.</summary>
    Removed,

    /// <summary>The team has as many as it may.</summary>
    Refused,
}

/// <summary>What Portal made of one pull request. The environment holds what runs; this row stays when it is gone.</summary>
public sealed class Preview
{
    public required Guid Id { get; init; }

    public required Guid AppId { get; init; }

    public required Guid TeamId { get; init; }

    /// <summary>Of the pull request.</summary>
    public required int Number { get; init; }

    /// <summary>The present environment, or the last one.</summary>
    public Guid? EnvironmentId { get; set; }

    public PreviewState State { get; set; }

    /// <summary>Attacker-controlled, as are author and branch.</summary>
    public required string Title { get; set; }

    public required string Author { get; set; }

    public required string HeadBranch { get; set; }

    /// <summary>Newest commit.</summary>
    public required string Head { get; set; }

    public bool IsFork { get; set; }

    /// <summary>The one commit of a fork that may run, and who said so.</summary>
    public string? ApprovedCommit { get; set; }

    public string? ApprovedBy { get; set; }

    /// <summary>Why it is gone, in plain words.</summary>
    public string? Ended { get; set; }

    /// <summary>Closing is undone by reopening; what a person or idleness removed, by a new commit.</summary>
    public bool EndedByClosing { get; set; }

    /// <summary>When something last came from the pull request or a person.</summary>
    public DateTimeOffset ActiveAt { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The host's number of the one comment, and a fingerprint of what it says.</summary>
    public long? CommentId { get; set; }

    public string? CommentSent { get; set; }
}

internal sealed class PreviewMapping : IEntityTypeConfiguration<Preview>
{
    public void Configure(EntityTypeBuilder<Preview> builder)
    {
        builder.ToTable("previews");
        builder.HasKey(p => p.Id);
        builder.Property(p => p.Title).HasMaxLength(200);
        builder.Property(p => p.Author).HasMaxLength(100);
        builder.Property(p => p.HeadBranch).HasMaxLength(250);
        builder.Property(p => p.Head).HasMaxLength(64);
        builder.Property(p => p.ApprovedCommit).HasMaxLength(64);
        builder.Property(p => p.ApprovedBy).HasMaxLength(200);
        builder.Property(p => p.Ended).HasMaxLength(400);
        builder.Property(p => p.CommentSent).HasMaxLength(64);
        builder.HasIndex(p => new { p.AppId, p.Number }).IsUnique();
        builder.HasIndex(p => p.EnvironmentId);
        builder.HasIndex(p => new { p.TeamId, p.State });
        builder.HasOne<App>().WithMany().HasForeignKey(p => p.AppId).OnDelete(DeleteBehavior.Cascade);
    }
}
