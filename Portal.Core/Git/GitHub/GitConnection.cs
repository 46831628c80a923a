using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Apps;
using Portal.Core.Teams;

namespace Portal.Core.Git.GitHub;

/// <summary>
/// A GitHub App that belongs to this Portal, at github.com or at a GitHub Enterprise Server. People install it on their
/// accounts there; what those installations cover is what teams can choose from. Its id is part of the address that its
/// webhook is sent to.
/// </summary>
public sealed class GitConnection
{
    public required Guid Id { get; init; }

    /// <summary>Where people see it, without a trailing slash: <c>https://github.com</c>.</summary>
    public required string WebUrl { get; init; }

    /// <summary>GitHub's number of the App.</summary>
    public required long AppId { get; init; }

    /// <summary>Its name in addresses.</summary>
    public required string Slug { get; set; }

    public required string Name { get; set; }

    /// <summary>The account that the App belongs to.</summary>
    public required string Owner { get; set; }

    public required string ClientId { get; init; }

    /// <summary>Sealed.</summary>
    public required byte[] ClientSecret { get; set; }

    /// <summary>Sealed: the key that the App proves itself with, PEM.</summary>
    public required byte[] PrivateKey { get; set; }

    /// <summary>Sealed; null where the host cannot reach Portal and the App has no webhook.</summary>
    public byte[]? WebhookSecret { get; set; }

    /// <summary>Sealed: the secret before the last change, still accepted for <see cref="App.WebhookSecretOverlap"/>.</summary>
    public byte[]? PreviousWebhookSecret { get; set; }

    public DateTimeOffset? WebhookSecretChangedAt { get; set; }

    /// <summary>When a delivery last proved the secret for the first time, or the host greeted.</summary>
    public DateTimeOffset? WebhookVerifiedAt { get; set; }

    /// <summary>When the host last answered what the App covers, all of it.</summary>
    public DateTimeOffset? CheckedAt { get; set; }

    /// <summary>Why it did not when it was asked last; null while it does.</summary>
    public string? Problem { get; set; }

    /// <summary>What the host sent before has come in, as its own list of deliveries says; null before that was first read.</summary>
    public DateTimeOffset? DeliveredUpTo { get; set; }

    /// <summary>How many deliveries Portal asked for again because no attempt had brought them in.</summary>
    public int Redelivered { get; set; }

    /// <summary>How many of the listed ones failed so often that Portal stopped asking.</summary>
    public int LostDeliveries { get; set; }

    /// <summary>Portal was away for longer than the host remembers: what was sent in this time may be lost. Branches were compared since.</summary>
    public DateTimeOffset? GapFrom { get; set; }

    public DateTimeOffset? GapTo { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid? CreatedBy { get; init; }

    /// <summary>The App's own page, as the host names it: github.com and a server of one's own differ.</summary>
    public required string HtmlUrl { get; set; }

    public string InstallUrl => $"{HtmlUrl}/installations/new";
}

/// <summary>One account that installed the App, as GitHub last told.</summary>
public sealed class GitInstallation
{
    public required Guid ConnectionId { get; init; }

    /// <summary>GitHub's number.</summary>
    public required long InstallationId { get; init; }

    /// <summary>Login of the user or organization; changes with a rename.</summary>
    public required string Account { get; set; }

    public required long AccountId { get; set; }

    public bool IsOrganization { get; set; }

    /// <summary>Covers what the account will ever have, not a chosen list.</summary>
    public bool AllRepositories { get; set; }

    public DateTimeOffset? SuspendedAt { get; set; }

    /// <summary>Uninstalled; the row stays, so that apps can say why.</summary>
    public DateTimeOffset? RemovedAt { get; set; }

    /// <summary>Every team may choose from it, also those to come; otherwise those of <see cref="GitInstallationTeam"/>.</summary>
    public bool ForEveryTeam { get; set; }

    /// <summary>When its list of repositories was last read whole.</summary>
    public DateTimeOffset? ListedAt { get; set; }

    public bool IsUsable => SuspendedAt is null && RemovedAt is null;
}

/// <summary>A team that may choose from an installation's repositories.</summary>
public sealed class GitInstallationTeam
{
    public required Guid ConnectionId { get; init; }

    public required long InstallationId { get; init; }

    public required Guid TeamId { get; init; }
}

/// <summary>A repository that an installation covers, as GitHub last told: what the picker searches.</summary>
public sealed class GitRepository
{
    public required Guid ConnectionId { get; init; }

    /// <summary>GitHub's number: stays through renames and transfers.</summary>
    public required long RepositoryId { get; init; }

    public required long InstallationId { get; set; }

    /// <summary><c>owner/name</c>.</summary>
    public required string FullName { get; set; }

    public string? DefaultBranch { get; set; }

    public string? Language { get; set; }

    public bool IsPrivate { get; set; }

    public bool IsArchived { get; set; }

    public DateTimeOffset? PushedAt { get; set; }

    /// <summary>The round of listing that saw it last; older ones are gone.</summary>
    public DateTimeOffset SeenAt { get; set; }
}

internal sealed class GitConnectionMapping : IEntityTypeConfiguration<GitConnection>
{
    public void Configure(EntityTypeBuilder<GitConnection> builder)
    {
        builder.ToTable("git_connections");
        builder.HasKey(c => c.Id);
        builder.Property(c => c.WebUrl).HasMaxLength(300);
        builder.Property(c => c.HtmlUrl).HasMaxLength(400);
        builder.Property(c => c.Slug).HasMaxLength(100);
        builder.Property(c => c.Name).HasMaxLength(100);
        builder.Property(c => c.Owner).HasMaxLength(100);
        builder.Property(c => c.ClientId).HasMaxLength(100);
        builder.Property(c => c.Problem).HasMaxLength(600);
        builder.Ignore(c => c.InstallUrl);
        builder.HasIndex(c => new { c.WebUrl, c.AppId }).IsUnique();
    }
}

internal sealed class GitInstallationMapping : IEntityTypeConfiguration<GitInstallation>
{
    public void Configure(EntityTypeBuilder<GitInstallation> builder)
    {
        builder.ToTable("git_installations");
        builder.HasKey(i => new { i.ConnectionId, i.InstallationId });
        builder.Property(i => i.Account).HasMaxLength(100);
        builder.Ignore(i => i.IsUsable);
        builder.HasOne<GitConnection>().WithMany().HasForeignKey(i => i.ConnectionId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class GitInstallationTeamMapping : IEntityTypeConfiguration<GitInstallationTeam>
{
    public void Configure(EntityTypeBuilder<GitInstallationTeam> builder)
    {
        builder.ToTable("git_installation_teams");
        builder.HasKey(t => new { t.ConnectionId, t.InstallationId, t.TeamId });
        builder.HasOne<GitInstallation>().WithMany().HasForeignKey(t => new { t.ConnectionId, t.InstallationId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Team>().WithMany().HasForeignKey(t => t.TeamId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class GitRepositoryMapping : IEntityTypeConfiguration<GitRepository>
{
    public void Configure(EntityTypeBuilder<GitRepository> builder)
    {
        builder.ToTable("git_repositories");
        builder.HasKey(r => new { r.ConnectionId, r.RepositoryId });
        builder.Property(r => r.FullName).HasMaxLength(200);
        builder.Property(r => r.DefaultBranch).HasMaxLength(250);
        builder.Property(r => r.Language).HasMaxLength(60);
        builder.HasIndex(r => new { r.ConnectionId, r.InstallationId, r.PushedAt });
        builder.HasOne<GitInstallation>().WithMany().HasForeignKey(r => new { r.ConnectionId, r.InstallationId }).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>An app may belong to a repository that a connection knows.</summary>
internal sealed class AppConnectionMapping : IEntityTypeConfiguration<App>
{
    public void Configure(EntityTypeBuilder<App> builder)
    {
        builder.HasIndex(a => new { a.ConnectionId, a.RepositoryId }).HasFilter("connection_id is not null");
        builder.HasOne<GitConnection>().WithMany().HasForeignKey(a => a.ConnectionId).OnDelete(DeleteBehavior.Restrict);
    }
}
