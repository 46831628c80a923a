using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Data;

namespace Portal.Core.Teams;

/// <summary>A browser in which somebody is signed in. Its cookie names it, so that one can be ended without the others.</summary>
public sealed class Session
{
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>The IP address it was last seen from.</summary>
    public string? Address { get; set; }

    /// <summary>"Firefox on Linux", as far as the browser tells.</summary>
    public required string Device { get; init; }
}

internal sealed class SessionMapping : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.ToTable("sessions");
        builder.HasKey(s => s.Id);
        builder.Property(s => s.Address).HasMaxLength(64);
        builder.Property(s => s.Device).HasMaxLength(80);
        builder.HasIndex(s => new { s.UserId, s.LastSeenAt });
        builder.HasOne<PortalUser>().WithMany().HasForeignKey(s => s.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
