namespace Portal.Testing.GitHub;

/// <summary>An app on an account: for all of its repositories or for chosen ones.</summary>
public sealed class DoubleInstallation
{
    internal DoubleInstallation(long id, DoubleApp app, DoubleAccount account, DateTimeOffset now)
    {
        Id = id;
        App = app;
        Account = account;
        Permissions = app.Permissions;
        Events = app.Events;
        CreatedAt = UpdatedAt = now;
    }

    public long Id { get; }

    public DoubleApp App { get; }

    public DoubleAccount Account { get; }

    /// <summary>Null: all repositories of the account, later ones too.</summary>
    public IReadOnlySet<long>? Chosen { get; internal set; }

    public bool IsSuspended => SuspendedAt is not null;

    public bool IsDeleted { get; internal set; }

    /// <summary>What its owner agreed to; an app that asks for more later does not get it by itself.</summary>
    public IReadOnlyDictionary<string, string> Permissions { get; internal set; }

    internal IReadOnlyList<string> Events { get; set; }

    internal DateTimeOffset CreatedAt { get; }

    internal DateTimeOffset UpdatedAt { get; set; }

    internal DateTimeOffset? SuspendedAt { get; set; }

    internal DoubleAccount? SuspendedBy { get; set; }

    internal string NodeId => Shapes.NodeId("MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u", Id);

    internal string Selection => Chosen is null ? "all" : "selected";

    internal bool Covers(DoubleRepository repository) =>
        !IsDeleted && !repository.IsDeleted && repository.Owner == Account && (Chosen is null || Chosen.Contains(repository.Id));
}
