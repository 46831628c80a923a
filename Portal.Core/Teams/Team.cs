using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Teams;

public sealed class Team
{
    public required Guid Id { get; init; }

    /// <summary>Part of every address of its apps; never changes.</summary>
    public required string Slug { get; init; }

    public required string Name { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>PostgreSQL's xmin: the ETag of what people edit.</summary>
    public uint Version { get; init; }
}

public sealed class Membership
{
    public required Guid TeamId { get; init; }

    public required Guid UserId { get; init; }

    public required TeamRole Role { get; set; }

    public required DateTimeOffset Since { get; init; }
}

/// <summary>A link that lets its bearer join. Stored as a hash; the link is shown once.</summary>
public sealed class Invitation
{
    public required Guid Id { get; init; }

    public required Guid TeamId { get; init; }

    public required TeamRole Role { get; init; }

    /// <summary>SHA-256 of the token in the link.</summary>
    public required byte[] TokenHash { get; init; }

    public required Guid CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? AcceptedAt { get; set; }

    public Guid? AcceptedBy { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }
}

/// <summary>Somebody asked to join; a maintainer answers.</summary>
public sealed class JoinRequest
{
    public required Guid Id { get; init; }

    public required Guid TeamId { get; init; }

    public required Guid UserId { get; init; }

    public required DateTimeOffset AskedAt { get; init; }

    public DateTimeOffset? AnsweredAt { get; set; }

    public bool Accepted { get; set; }
}

/// <summary>An API or push token. Only its hash is kept; the value is shown once.</summary>
public sealed class ApiToken
{
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    public required string Name { get; init; }

    public required TokenScope Scope { get; init; }

    /// <summary>SHA-256 of the whole token: it has 256 random bits, so a slow hash adds nothing.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>The first characters, to recognise it by.</summary>
    public required string Prefix { get; init; }

    public Guid? TeamId { get; init; }

    public Guid? AppId { get; init; }

    /// <summary>The token that made it, whose end is its own; null when its person made it.</summary>
    public Guid? MadeBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null: does not expire (only the platform-admin token of a fresh installation).</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; set; }

    public DateTimeOffset? LastUsedAt { get; set; }
}

/// <summary>A sign-in link printed by the launcher, or a link to a new password: single use, 15 minutes. Stored as a hash.</summary>
public sealed class SignInLink
{
    public required Guid Id { get; init; }

    /// <summary>Whose password it sets; null: it signs in the admin, or makes the first one.</summary>
    public Guid? UserId { get; init; }

    public required byte[] TokenHash { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? UsedAt { get; set; }
}

internal sealed class TeamMapping : IEntityTypeConfiguration<Team>
{
    public void Configure(EntityTypeBuilder<Team> builder)
    {
        builder.ToTable("teams");
        builder.HasKey(t => t.Id);
        builder.Property(t => t.Slug).HasMaxLength(18);
        builder.Property(t => t.Name).HasMaxLength(80);
        builder.HasIndex(t => t.Slug).IsUnique();
        builder.Property(t => t.Version).IsRowVersion();
    }
}

internal sealed class MembershipMapping : IEntityTypeConfiguration<Membership>
{
    public void Configure(EntityTypeBuilder<Membership> builder)
    {
        builder.ToTable("memberships");
        builder.HasKey(m => new { m.TeamId, m.UserId });
        builder.HasIndex(m => m.UserId);
        builder.HasOne<Team>().WithMany().HasForeignKey(m => m.TeamId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<PortalUser>().WithMany().HasForeignKey(m => m.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class InvitationMapping : IEntityTypeConfiguration<Invitation>
{
    public void Configure(EntityTypeBuilder<Invitation> builder)
    {
        builder.ToTable("invitations");
        builder.HasKey(i => i.Id);
        builder.HasIndex(i => i.TokenHash).IsUnique();
        builder.HasOne<Team>().WithMany().HasForeignKey(i => i.TeamId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class JoinRequestMapping : IEntityTypeConfiguration<JoinRequest>
{
    public void Configure(EntityTypeBuilder<JoinRequest> builder)
    {
        builder.ToTable("join_requests");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => new { r.TeamId, r.UserId }).IsUnique().HasFilter("answered_at is null");
        builder.HasOne<Team>().WithMany().HasForeignKey(r => r.TeamId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<PortalUser>().WithMany().HasForeignKey(r => r.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class ApiTokenMapping : IEntityTypeConfiguration<ApiToken>
{
    public void Configure(EntityTypeBuilder<ApiToken> builder)
    {
        builder.ToTable("api_tokens");
        builder.HasKey(t => t.Id);
        builder.Property(t => t.Name).HasMaxLength(80);
        builder.Property(t => t.Prefix).HasMaxLength(16);
        builder.HasIndex(t => t.Hash).IsUnique();
        builder.HasIndex(t => t.UserId);
        builder.HasOne<PortalUser>().WithMany().HasForeignKey(t => t.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class SignInLinkMapping : IEntityTypeConfiguration<SignInLink>
{
    public void Configure(EntityTypeBuilder<SignInLink> builder)
    {
        builder.ToTable("sign_in_links");
        builder.HasKey(l => l.Id);
        builder.HasOne<PortalUser>().WithMany().HasForeignKey(l => l.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(l => l.TokenHash).IsUnique();
    }
}
