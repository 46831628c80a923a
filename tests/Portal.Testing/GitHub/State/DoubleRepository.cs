namespace Portal.Testing.GitHub;

/// <summary>A repository: its names, and its bare folder once something was committed or asked of it.</summary>
public sealed class DoubleRepository
{
    internal DoubleRepository(long id, DoubleAccount owner, string name, BareRepository git, DateTimeOffset now)
    {
        Id = id;
        Owner = owner;
        Name = name;
        Git = git;
        CreatedAt = UpdatedAt = PushedAt = now;
    }

    public long Id { get; }

    public DoubleAccount Owner { get; internal set; }

    public string Name { get; internal set; }

    public string FullName => $"{Owner.Login}/{Name}";

    public bool IsPrivate { get; internal set; }

    public bool IsArchived { get; internal set; }

    public bool IsDeleted { get; internal set; }

    public string? Language { get; internal init; }

    public string DefaultBranch { get; internal set; } = "main";

    public DoubleRepository? Parent { get; internal init; }

    public DateTimeOffset CreatedAt { get; }

    public DateTimeOffset UpdatedAt { get; internal set; }

    public DateTimeOffset PushedAt { get; internal set; }

    internal BareRepository Git { get; }

    internal List<DoublePullRequest> PullRequests { get; } = [];

    internal List<DoubleComment> Comments { get; } = [];

    internal List<DoubleStatus> Statuses { get; } = [];

    internal List<DoubleCheckRun> CheckRuns { get; } = [];

    internal List<DoubleCheckSuite> CheckSuites { get; } = [];

    internal List<DoubleDeployment> Deployments { get; } = [];

    internal int LastNumber { get; set; }

    internal string NodeId => Shapes.NodeId("R", Id);
}
