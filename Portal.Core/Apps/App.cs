using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Teams;

namespace Portal.Core.Apps;

public enum SourceKind
{
    /// <summary>Portal's own repository, pushed to at <c>/git/{team}/{app}.git</c>.</summary>
    Portal,

    /// <summary>Any git address.</summary>
    Git,

    /// <summary>A repository that a connected GitHub App covers.</summary>
    GitHub,
}

/// <summary>One repository folder that runs.</summary>
public sealed class App
{
    public required Guid Id { get; init; }

    public required Guid TeamId { get; init; }

    /// <summary>Part of its addresses; never changes.</summary>
    public required string Slug { get; init; }

    public required SourceKind SourceKind { get; init; }

    /// <summary>The git address of an outside repository: https or ssh, without credentials.</summary>
    public string? SourceUrl { get; set; }

    /// <summary>The connection that a GitHub source is read through.</summary>
    public Guid? ConnectionId { get; set; }

    /// <summary>GitHub's number of the installation; changes when the repository is transferred.</summary>
    public long? InstallationId { get; set; }

    /// <summary>GitHub's number of the repository: stays through renames and transfers.</summary>
    public long? RepositoryId { get; set; }

    /// <summary>Folder of the repository that is this app, "" for all of it.</summary>
    public string Directory { get; set; } = "";

    /// <summary>What a person set over the detected plan: JSON of PlanOverrides.</summary>
    public string? PlanOverrides { get; set; }

    /// <summary>Sealed: the secret that signs the inbound webhook of a git source.</summary>
    public byte[]? WebhookSecret { get; set; }

    /// <summary>Sealed: the secret before the last change, still accepted for <see cref="WebhookSecretOverlap"/>, so that both sides need not change in the same second.</summary>
    public byte[]? PreviousWebhookSecret { get; set; }

    public DateTimeOffset? WebhookSecretChangedAt { get; set; }

    /// <summary>When a delivery first came in with a good proof, or the sender's greeting last did.</summary>
    public DateTimeOffset? WebhookVerifiedAt { get; set; }

    public static readonly TimeSpan WebhookSecretOverlap = TimeSpan.FromHours(24);

    /// <summary>Sealed: the private half of the generated deploy key.</summary>
    public byte[]? DeployKey { get; set; }

    /// <summary>Sealed: a person's token for an https repository, for trying things out; null without one.</summary>
    public byte[]? AccessToken { get; set; }

    /// <summary>The public half, to copy to the git host.</summary>
    public string? DeployKeyPublic { get; set; }

    /// <summary>Raised when a person accepts that the git host shows a new ssh key; what was trusted before is forgotten.</summary>
    public int HostKeyGeneration { get; set; }

    /// <summary>Why the outside repository could not be read when it was last looked at; null while it can.</summary>
    public string? SourceProblem { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid? CreatedBy { get; init; }

    /// <summary>Set when its deletion was asked for; the worker stops and removes everything, then the row goes.</summary>
    public DateTimeOffset? DeletedAt { get; set; }

    public int LastBuildNumber { get; set; }

    /// <summary>A pull request gets an environment of its own while this is set.</summary>
    public PreviewSettings? Previews { get; set; }

    public uint Version { get; init; }
}

/// <summary>A built commit is released when others have checked it.</summary>
/// <param name="Names">Those that have to pass; empty: all that there are.</param>
public sealed record CheckRule(IReadOnlyList<string> Names);

/// <param name="IdleDays">A preview that nobody used for so long is removed: 1–90.</param>
public sealed record PreviewSettings(int IdleDays);

public enum DeployTrigger
{
    Push,
    Tag,
    Schedule,
    Manual,

    /// <summary>Of a preview; never part of a rule.</summary>
    PullRequest,
}

public enum EnvironmentKind
{
    /// <summary>Made by a person, follows a branch.</summary>
    Standing,

    /// <summary>Never runs: previews take their variables and sizes from it.</summary>
    PreviewTemplate,

    /// <summary>Of one pull request; comes and goes with it.</summary>
    Preview,
}

/// <summary>One rule of "Deploy when…".</summary>
public sealed record DeployRule
{
    public required DeployTrigger On { get; init; }

    /// <summary>Tag: a glob such as <c>v*</c>.</summary>
    public string? Pattern { get; init; }

    /// <summary>Schedule: five cron fields.</summary>
    public string? Cron { get; init; }

    /// <summary>Schedule: IANA time zone.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Push: globs; deploy only when a changed file matches one. Empty: any file under the app's folder.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];
}

/// <summary>How many instances of each process type. Absent: one "web", one of every other type.</summary>
public sealed record ScaleSettings
{
    public IReadOnlyDictionary<string, int> Instances { get; init; } = new Dictionary<string, int>();

    /// <summary>Memory limit of one instance in MiB.</summary>
    public int MemoryMb { get; init; } = 512;
}

/// <summary>Where an app runs: production, staging, …; follows a branch. Desired settings above, observed state below.</summary>
public sealed class AppEnvironment
{
    public required Guid Id { get; init; }

    public required Guid AppId { get; init; }

    public required Guid TeamId { get; init; }

    public required string Slug { get; init; }

    public EnvironmentKind Kind { get; init; }

    /// <summary>The environment whose variables count here; null: its own.</summary>
    public Guid? VariablesFrom { get; init; }

    /// <summary>Code of strangers runs here: it gets no secret, whatever the variables say.</summary>
    public bool WithoutSecrets { get; set; }

    /// <summary>The branch it follows; null until the first push, whose branch becomes it.</summary>
    public string? Branch { get; set; }

    public List<DeployRule> DeployOn { get; set; } = [new DeployRule { On = DeployTrigger.Push }];

    /// <summary>What is built by itself is released only when its commit's checks at the git host passed; null: at once.</summary>
    public CheckRule? WaitForChecks { get; set; }

    public ScaleSettings Scale { get; set; } = new();

    /// <summary>The web process is healthy when GET of this path answers below 400; null: when it accepts a connection on $PORT.</summary>
    public string? HealthPath { get; set; }

    /// <summary>Overrides the port that the app is told in $PORT; set by the fix "Use 3000". Null: Portal chooses.</summary>
    public int? FixedPort { get; set; }

    /// <summary>Pushes do not deploy while set; the sentence says why ("Rolled back to v12 by Ada").</summary>
    public string? AutoDeployPaused { get; set; }

    /// <summary>Nothing of it runs since then because nobody used it; the next request wakes it. Null: awake.</summary>
    public DateTimeOffset? AsleepSince { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? DeletedAt { get; set; }

    public int LastReleaseVersion { get; set; }

    /// <summary>The release that shall be live.</summary>
    public Guid? DesiredReleaseId { get; set; }

    /// <summary>Raised with every change of what shall run (release, scale, …); the roll-out controller converges to it.</summary>
    public long DesiredRevision { get; set; }

    /// <summary>Observed: the release that the address leads to.</summary>
    public Guid? LiveReleaseId { get; set; }

    /// <summary>Observed: JSON of <see cref="Portal.Core.Common.Status"/>.</summary>
    public string? Status { get; set; }

    public DateTimeOffset? StatusAt { get; set; }

    public uint Version { get; init; }
}

internal sealed class AppMapping : IEntityTypeConfiguration<App>
{
    public void Configure(EntityTypeBuilder<App> builder)
    {
        builder.ToTable("apps");
        builder.HasKey(a => a.Id);
        builder.Property(a => a.Slug).HasMaxLength(18);
        builder.Property(a => a.SourceUrl).HasMaxLength(500);
        builder.Property(a => a.SourceProblem).HasMaxLength(600);
        builder.Property(a => a.Directory).HasMaxLength(200);
        builder.Property(a => a.PlanOverrides).HasColumnType("jsonb");
        builder.Property(a => a.Previews).HasColumnType("jsonb");
        builder.HasIndex(a => new { a.TeamId, a.Slug }).IsUnique();
        builder.HasOne<Team>().WithMany().HasForeignKey(nameof(App.TeamId)).OnDelete(DeleteBehavior.Restrict);
        builder.Property(a => a.Version).IsRowVersion();
    }
}

internal sealed class AppEnvironmentMapping : IEntityTypeConfiguration<AppEnvironment>
{
    public void Configure(EntityTypeBuilder<AppEnvironment> builder)
    {
        builder.ToTable("environments");
        builder.HasKey(e => e.Id);
        builder.Property(e => e.Slug).HasMaxLength(18);
        builder.Property(e => e.Branch).HasMaxLength(250);
        builder.Property(e => e.HealthPath).HasMaxLength(200);
        builder.Property(e => e.AutoDeployPaused).HasMaxLength(400);
        builder.Property(e => e.DeployOn).HasColumnType("jsonb");
        builder.Property(e => e.WaitForChecks).HasColumnType("jsonb");
        builder.Property(e => e.Scale).HasColumnType("jsonb");
        builder.Property(e => e.Status).HasColumnType("jsonb");
        builder.HasIndex(e => new { e.AppId, e.Slug }).IsUnique();
        builder.HasIndex(e => e.TeamId);
        builder.HasOne<App>().WithMany().HasForeignKey(e => e.AppId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(e => e.Version).IsRowVersion();
    }
}
