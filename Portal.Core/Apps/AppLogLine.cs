using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Apps;

/// <summary>A kept line of an app's own output. Bounded per environment by the log keeper.</summary>
public sealed class AppLogLine
{
    public long Id { get; init; }

    public required Guid EnvironmentId { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Instance { get; init; }

    public required string Process { get; init; }

    public required int ReleaseVersion { get; init; }

    public required bool IsError { get; init; }

    /// <summary>Known secrets masked; at most 8,000 characters; may hold ANSI colours; attacker-controlled.</summary>
    public required string Text { get; init; }
}

internal sealed class AppLogLineMapping : IEntityTypeConfiguration<AppLogLine>
{
    public void Configure(EntityTypeBuilder<AppLogLine> builder)
    {
        builder.ToTable("app_log_lines");
        builder.HasKey(l => l.Id);
        builder.Property(l => l.Id).UseIdentityAlwaysColumn();
        builder.Property(l => l.Instance).HasMaxLength(64);
        builder.Property(l => l.Process).HasMaxLength(32);
        builder.HasIndex(l => new { l.EnvironmentId, l.Id });
        builder.HasOne<AppEnvironment>().WithMany().HasForeignKey(nameof(AppLogLine.EnvironmentId)).OnDelete(DeleteBehavior.Cascade);
    }
}
