namespace Portal.Testing.GitHub;

/// <summary>
/// Everything the double knows. What is in it is read and changed only under <see cref="Gate"/>, which is held for
/// short: never while git runs or while something is sent.
/// </summary>
internal sealed class DoubleState(TimeProvider time, string folder)
{
    private const int MostTokens = 100_000;

    // Above the limits of the integers that receivers like to choose, where GitHub's own ids are.
    private readonly Dictionary<string, long> _last = new()
    {
        ["account"] = 21_000_000,
        ["repository"] = 186_000_000,
        ["app"] = 29_000,
        ["installation"] = 57_000_000,
        ["delivery"] = 170_000_000_000,
        ["pull"] = 2_400_000_000,
        ["comment"] = 3_100_000_000,
        ["check"] = 43_000_000_000,
        ["suite"] = 41_000_000_000,
        ["status"] = 36_000_000_000,
        ["deployment"] = 2_700_000_000,
        ["deployment status"] = 4_800_000_000,
    };

    private readonly Dictionary<string, DoubleRepository> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, DoubleRepository> _formerNames = new(StringComparer.OrdinalIgnoreCase);
    private readonly Queue<string> _tokenOrder = new();

    public Lock Gate { get; } = new();

    public TimeProvider Time => time;

    public DateTimeOffset Now => time.GetUtcNow();

    public Uri Url { get; set; } = new("http://127.0.0.1");

    public List<DoubleAccount> Accounts { get; } = [];

    public SortedDictionary<long, DoubleRepository> Repositories { get; } = [];

    public Dictionary<long, DoubleApp> Apps { get; } = [];

    public SortedDictionary<long, DoubleInstallation> Installations { get; } = [];

    public Dictionary<string, DoubleToken> Tokens { get; } = [];

    /// <summary>Needs no gate.</summary>
    public long NextId(string kind)
    {
        lock (_last)
        {
            return ++_last[kind];
        }
    }

    public DoubleAccount? Account(string login) =>
        Accounts.Find(a => a.Kind != AccountKind.Bot && string.Equals(a.Login, login, StringComparison.OrdinalIgnoreCase));

    public DoubleAccount Person(string login) => Account(login) ?? throw new ArgumentException($"There is no account {login}.", nameof(login));

    public DoubleApp? App(string slug) => Apps.Values.FirstOrDefault(a => !a.IsDeleted && a.Slug == slug);

    public DoubleInstallation? InstallationOf(DoubleApp app, DoubleAccount account) =>
        Installations.Values.FirstOrDefault(i => i.App == app && i.Account == account && !i.IsDeleted);

    public IEnumerable<DoubleRepository> CoveredBy(DoubleInstallation installation) => Repositories.Values.Where(installation.Covers);

    /// <summary>By the name of now, else by a former one that nothing else has taken since.</summary>
    public DoubleRepository? Repository(string fullName, out bool former)
    {
        former = false;
        if (_names.TryGetValue(fullName, out var repository))
        {
            return repository;
        }
        former = _formerNames.TryGetValue(fullName, out repository) && !repository.IsDeleted;
        return former ? repository : null;
    }

    public DoubleRepository NewRepository(DoubleAccount owner, string name, Func<long, BareRepository, DoubleRepository> build, string? cloneFrom = null)
    {
        if (_names.ContainsKey($"{owner.Login}/{name}"))
        {
            throw new ArgumentException($"{owner.Login}/{name} exists on this account.", nameof(name));
        }
        var id = NextId("repository");
        var repository = build(id, new BareRepository(Path.Combine(folder, $"{id}.git"), time) { CloneFrom = cloneFrom });
        Repositories.Add(id, repository);
        _names.Add(repository.FullName, repository);
        return repository;
    }

    public void Renamed(DoubleRepository repository, DoubleAccount owner, string name)
    {
        if (_names.ContainsKey($"{owner.Login}/{name}"))
        {
            throw new ArgumentException($"{owner.Login}/{name} exists on this account.", nameof(name));
        }
        _names.Remove(repository.FullName);
        _formerNames[repository.FullName] = repository;
        repository.Owner = owner;
        repository.Name = name;
        repository.UpdatedAt = Now;
        _names.Add(repository.FullName, repository);
    }

    public void Deleted(DoubleRepository repository)
    {
        repository.IsDeleted = true;
        _names.Remove(repository.FullName);
    }

    /// <summary>Keeps the newest ones only.</summary>
    public DoubleToken Add(DoubleToken token)
    {
        Tokens[token.Value] = token;
        _tokenOrder.Enqueue(token.Value);
        if (_tokenOrder.Count > MostTokens)
        {
            Tokens.Remove(_tokenOrder.Dequeue());
        }
        return token;
    }
}
