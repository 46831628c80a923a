namespace Portal.Testing.GitHub;

public sealed partial class GitHubDouble
{
    private static readonly string[] SomeLanguages = ["JavaScript", "TypeScript", "Python", "Go", "Java", "C#", "Ruby", "PHP", "Rust", "HTML"];
    private static readonly string[] SomeWords = ["orders", "billing", "shop", "search", "mail", "portal", "report", "login", "stock", "chat", "maps", "media"];

    /// <summary>Whom the web pages take for signed in when nobody chose by <c>?login=</c>; at first the first person.</summary>
    public DoubleAccount? SignedIn { get; set; }

    public DoubleAccount AddUser(string login) => AddAccount(login, AccountKind.User);

    /// <summary>The named ones own it; <see cref="AddMember"/> adds plain members.</summary>
    public DoubleAccount AddOrganization(string login, params string[] memberLogins)
    {
        var organization = AddAccount(login, AccountKind.Organization);
        foreach (var member in memberLogins)
        {
            AddMember(organization, member, owner: true);
        }
        return organization;
    }

    public void AddMember(DoubleAccount organization, string login, bool owner = false)
    {
        lock (State.Gate)
        {
            organization.Members[State.Person(login).Id] = owner;
        }
    }

    /// <param name="from">A repository's folder, bare or not, of which this one is a copy.</param>
    public DoubleRepository AddRepository(string owner, string name, bool isPrivate = true, string? language = "JavaScript", string? from = null)
    {
        DoubleRepository repository;
        lock (State.Gate)
        {
            var account = State.Person(owner);
            repository = State.NewRepository(account, name, (id, git) => new DoubleRepository(id, account, name, git, State.Now)
            {
                IsPrivate = isPrivate,
                Language = language,
                DefaultBranch = HeadOf(from) ?? "main",
            }, from);
            TellOfNew(repository);
        }
        return repository;
    }

    /// <summary>Many at once, which have no git folder until somebody asks: names, languages and times of push differ.</summary>
    public void AddRepositories(string owner, int count)
    {
        lock (State.Gate)
        {
            var account = State.Person(owner);
            for (var i = 0; i < count; i++)
            {
                var number = i;
                var name = $"{SomeWords[i % SomeWords.Length]}-{SomeWords[i / SomeWords.Length % SomeWords.Length]}-{i:D4}";
                State.NewRepository(account, name, (id, git) => new DoubleRepository(id, account, name, git, State.Now)
                {
                    IsPrivate = number % 3 != 0,
                    Language = number % 17 == 0 ? null : SomeLanguages[number % SomeLanguages.Length],
                    PushedAt = State.Now - TimeSpan.FromHours(number * 7 % 20_000),
                });
            }
        }
    }

    public DoubleRepository Repository(string fullName)
    {
        lock (State.Gate)
        {
            return State.Repository(fullName, out _) ?? throw new ArgumentException($"There is no repository {fullName}.", nameof(fullName));
        }
    }

    /// <summary>A classic personal token: for git, and for REST as the person.</summary>
    public string CreatePersonToken(string login, string scopes = "repo")
    {
        lock (State.Gate)
        {
            return State.Add(new DoubleToken($"ghp_{Tokens.Random(36)}", TokenKind.Person) { User = State.Person(login), Scopes = scopes }).Value;
        }
    }

    /// <summary>Registers an app without the pages.</summary>
    public DoubleApp AddApp(string owner, string name, AppManifest manifest)
    {
        lock (State.Gate)
        {
            return Register(State.Person(owner), name, manifest);
        }
    }

    public DoubleApp App(string slug)
    {
        lock (State.Gate)
        {
            return State.App(slug) ?? throw new ArgumentException($"There is no app {slug}.", nameof(slug));
        }
    }

    public IReadOnlyList<DoubleApp> Apps
    {
        get
        {
            lock (State.Gate)
            {
                return [.. State.Apps.Values.Where(a => !a.IsDeleted)];
            }
        }
    }

    /// <summary>Under the gate.</summary>
    internal DoubleApp Register(DoubleAccount owner, string name, AppManifest manifest)
    {
        if (State.App(DoubleApp.SlugOf(name)) is not null)
        {
            throw new ArgumentException("Name is already taken", nameof(name));
        }
        var bot = new DoubleAccount(State.NextId("account"), $"{DoubleApp.SlugOf(name)}[bot]", AccountKind.Bot);
        State.Accounts.Add(bot);
        var app = new DoubleApp(State.NextId("app"), owner, bot, name, manifest.Granted(), State.Now);
        State.Apps.Add(app.Id, app);
        Webhooks.Ping(app);
        return app;
    }

    private static string? HeadOf(string? folder)
    {
        const string Symbolic = "ref: refs/heads/";
        var file = folder is null ? null : new[] { Path.Combine(folder, "HEAD"), Path.Combine(folder, ".git", "HEAD") }.FirstOrDefault(File.Exists);
        return file is not null && File.ReadAllText(file).Trim() is var head && head.StartsWith(Symbolic, StringComparison.Ordinal) ? head[Symbolic.Length..] : null;
    }

    private DoubleAccount AddAccount(string login, AccountKind kind)
    {
        lock (State.Gate)
        {
            if (State.Account(login) is not null)
            {
                throw new ArgumentException($"{login} is taken.", nameof(login));
            }
            var account = new DoubleAccount(State.NextId("account"), login, kind);
            State.Accounts.Add(account);
            return account;
        }
    }

    /// <summary>An installation for all repositories has the new one too.</summary>
    private void TellOfNew(DoubleRepository repository)
    {
        var sender = Actor(repository.Owner);
        foreach (var installation in State.Installations.Values.Where(i => i.Chosen is null && !i.IsSuspended && i.Covers(repository)).ToList())
        {
            TellOfRepositories(installation, [repository], [], sender);
        }
        Webhooks.OfRepository("repository", "created", repository, sender, []);
    }

    /// <summary>Somebody who may act for the account.</summary>
    private DoubleAccount Actor(DoubleAccount account) => !account.IsOrganization
        ? account
        : State.Accounts.Find(a => account.Members.TryGetValue(a.Id, out var owner) && owner) ?? account;
}
