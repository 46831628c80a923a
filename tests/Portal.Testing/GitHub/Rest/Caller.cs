namespace Portal.Testing.GitHub;

/// <summary>How a request says who it is.</summary>
public enum CallerKind
{
    Anonymous,
    App,
    Installation,
    Person,
}

internal enum Level
{
    None,
    Read,
    Write,
    Admin,
}

/// <summary>Who asks, and what that one may do.</summary>
internal sealed record Caller(CallerKind Kind)
{
    public static readonly Caller Anonymous = new(CallerKind.Anonymous);

    public DoubleApp? App { get; init; }

    public DoubleToken? Token { get; init; }

    /// <summary>For a person's token that an app got: where the app is installed.</summary>
    public IReadOnlyList<DoubleInstallation> Reach { get; init; } = [];

    public DoubleInstallation? Installation => Token?.Kind == TokenKind.Installation ? Token.Installation : null;

    public DoubleAccount? User => Token?.User;

    /// <summary>Whose name stands beside what it makes: the person, or the app's bot.</summary>
    public DoubleAccount? Actor => User ?? (Installation?.App ?? App)?.Bot;

    /// <summary>The app that acts, with its own token or for a person.</summary>
    public DoubleApp? ActingApp => Installation?.App ?? Token?.App ?? App;

    /// <summary>Each has a rate limit of its own.</summary>
    public string Key => Kind switch
    {
        CallerKind.App => $"app ID {App!.Id}",
        CallerKind.Installation => $"installation ID {Installation!.Id}",
        CallerKind.Person => $"user ID {User!.Id}",
        _ => "127.0.0.1",
    };

    public IReadOnlyDictionary<string, string> Permissions =>
        Kind == CallerKind.Installation ? Token!.Permissions ?? Installation!.Permissions : new Dictionary<string, string>();

    public bool Covers(DoubleRepository repository) =>
        Installation is { } installation && installation.Covers(repository) && Token!.Repositories?.Contains(repository.Id) != false;

    public bool Sees(DoubleRepository repository) => !repository.IsDeleted && (!repository.IsPrivate || Level(repository, "metadata") > GitHub.Level.None);

    /// <param name="permission">One name, or several with "|" between where any will do.</param>
    public Level Level(DoubleRepository repository, string permission)
    {
        var everybody = repository.IsPrivate ? GitHub.Level.None : GitHub.Level.Read;
        var own = Kind switch
        {
            CallerKind.Installation when Covers(repository) => Granted(Permissions, permission),
            CallerKind.Person => OfPerson(repository, permission),
            _ => GitHub.Level.None,
        };
        return own > everybody ? own : everybody;
    }

    public static Level Granted(IReadOnlyDictionary<string, string> permissions, string permission) =>
        permission.Split('|').Max(name => permissions.TryGetValue(name, out var level) ? Parse(level) : name == "metadata" ? GitHub.Level.Read : GitHub.Level.None);

    public static Level Parse(string level) => level switch
    {
        "read" => GitHub.Level.Read,
        "write" => GitHub.Level.Write,
        "admin" => GitHub.Level.Admin,
        _ => GitHub.Level.None,
    };

    private Level OfPerson(DoubleRepository repository, string permission)
    {
        var personal = User!.Administers(repository.Owner) ? GitHub.Level.Admin : User.BelongsTo(repository.Owner) ? GitHub.Level.Write : GitHub.Level.None;
        if (Token!.App is null || personal == GitHub.Level.None)
        {
            return Token.App is null && !Token.Scopes.Split(' ', ',').Contains("repo") ? GitHub.Level.None : personal;
        }
        // A person's token that an app got reaches what both reach.
        var granted = Reach.FirstOrDefault(i => i.Covers(repository)) is { } installation ? Granted(installation.Permissions, permission) : GitHub.Level.None;
        return granted < personal ? granted : personal;
    }
}
