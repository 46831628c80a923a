using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Teams;
using Portal.Testing;
using Portal.Testing.GitHub;
using Portal.Web.Auth;
using Portal.Web.Tests.Api;

namespace Portal.Web.Tests.SignIn;

/// <summary>
/// The web host under the address that it calls its own, with three OpenID Connect providers and a GitHub: "Company"
/// knows people, "Staff" also makes accounts for those of acme.example, "Absent" never answers.
/// </summary>
public sealed class OutsideHost : ApiHost
{
    public const string Password = "correct horse battery";

    private readonly int _port = PortalHost.FreePort();
    private string _folder = "";

    public OidcDouble Company { get; private set; } = null!;

    public OidcDouble Staff { get; private set; } = null!;

    public GitHubDouble GitHub { get; private set; } = null!;

    public Guid Connection { get; } = Guid.NewGuid();

    public Uri Home => new($"http://localhost:{_port}");

    public string CompanyPath => OidcDoor.Leave(0);

    public string StaffPath => OidcDoor.Leave(1);

    public string AbsentPath => OidcDoor.Leave(2);

    public string GitHubPath => GitHubDoor.Leave(Connection);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public override async ValueTask InitializeAsync()
    {
        _folder = Directory.CreateTempSubdirectory("portal-sign-in-").FullName;
        (Company, Staff) = (await OidcDouble.StartAsync(), await OidcDouble.StartAsync());
        (Company.RegisteredRedirect, Staff.RegisteredRedirect) = (new Uri(Home, OidcDoor.Back(0)).AbsoluteUri, new Uri(Home, OidcDoor.Back(1)).AbsoluteUri);
        GitHub = await GitHubDouble.StartAsync(_folder);
        GitHub.AddUser("octavia");
        await base.InitializeAsync();
        var app = GitHub.AddApp("octavia", "Portal", new AppManifest
        {
            Url = Home.AbsoluteUri,
            CallbackUrls = [new Uri(Home, GitHubDoors.SignedIn).AbsoluteUri],
            Permissions = new Dictionary<string, string> { ["contents"] = "read", ["emails"] = "read" },
        });
        var box = Services.GetRequiredService<SecretBox>();
        await Database.AddAsync(new GitConnection
        {
            Id = Connection,
            WebUrl = GitHub.Url.AbsoluteUri.TrimEnd('/'),
            AppId = app.Id,
            Slug = app.Slug,
            Name = app.Name,
            Owner = "octavia",
            ClientId = app.ClientId,
            ClientSecret = box.Seal(SecretPurposes.GitHubApp, app.ClientSecret),
            PrivateKey = box.Seal(SecretPurposes.GitHubApp, app.PrivateKeyPem),
            CreatedAt = DateTimeOffset.UnixEpoch,
            CreatedBy = null,
            HtmlUrl = $"{GitHub.Url}apps/portal",
        });
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Company.DisposeAsync();
        await Staff.DisposeAsync();
        await GitHub.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Somebody with an account and a password, and the name of the address.</summary>
    public async Task<string> PersonAsync(string? email = null)
    {
        email ??= $"{Guid.NewGuid():N}@example.org";
        await using var scope = Services.CreateAsyncScope();
        var people = scope.ServiceProvider.GetRequiredService<Microsoft.AspNetCore.Identity.UserManager<PortalUser>>();
        var made = await people.CreateAsync(new PortalUser { Id = Guid.NewGuid(), UserName = email, Email = email, DisplayName = email.Split('@')[0], LockoutEnabled = true }, Password);
        Assert.True(made.Succeeded);
        return email;
    }

    internal async Task<Browser> SignedInAsync(string email)
    {
        var browser = new Browser(Home);
        await browser.OpenAsync("/sign-in");
        await browser.SubmitAsync(fields: [("Form.Email", email), ("Form.Password", Password)]);
        Assert.Equal("/", browser.SentTo);
        return browser;
    }

    /// <summary>The address that the person's own button under Me leads to, in the session that they began last.</summary>
    public async Task<string> ConnectAddressAsync(string path, string email)
    {
        await using var db = Database.CreateDbContext();
        var session = await (from s in db.Set<Session>() join u in db.Users on s.UserId equals u.Id where u.Email == email orderby s.StartedAt descending select s).FirstAsync(Now);
        return $"{path}?{ConnectClick.Query}={Services.GetRequiredService<SignInSeal>().Write(new ConnectClick(session.UserId, session.Id), ConnectClick.Life)}";
    }

    /// <summary>Who the browser is signed in as, in the API's words; null when nobody is.</summary>
    internal static async Task<string?> WhoAsync(Browser browser) =>
        (await browser.OpenAsync("/api/v1/me")).Status == System.Net.HttpStatusCode.OK ? browser.Html : null;

    /// <summary>Agrees at GitHub where it asks, and ends where Portal leads.</summary>
    internal async Task<Browser> ThroughGitHubAsync(Browser browser, string address, string login = "octavia")
    {
        await browser.OpenAsync(address);
        await browser.OpenAsync($"{browser.Destination!.AbsoluteUri}&login={login}");
        if (browser.Destination is null)
        {
            await browser.SubmitAsync(new Uri(GitHub.Url, "/login/oauth/authorize").AbsoluteUri, fields: ("authorize", "1"));
        }
        return browser;
    }

    public async Task<IReadOnlyList<string>> LoginsAsync(string email)
    {
        await using var db = Database.CreateDbContext();
        return await (from l in db.UserLogins join u in db.Users on l.UserId equals u.Id where u.Email == email select l.LoginProvider + " " + l.ProviderKey).ToListAsync(Now);
    }

    public async Task<Actor> MaintainerAsync()
    {
        await using var db = Database.CreateDbContext();
        var user = await db.Users.SingleAsync(u => u.UserName == "maintainer", Now);
        var session = await Services.GetRequiredService<SessionService>().StartAsync(user.Id, null, null, Now);
        return (await Services.GetRequiredService<ActorFactory>().ForSessionAsync(user.Id, session, user.SecurityStamp, null, Now))!;
    }

    protected override Task<Dictionary<string, string?>> SettingsAsync()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Portal:PublicUrl"] = Home.AbsoluteUri.TrimEnd('/'),
            ["Portal:Listen"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}"),
            ["urls"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}"),
            ["Portal:Rates:SignInBurst"] = "1000",
            ["Portal:SignIn:Oidc:1:AutoJoin"] = "true",
            ["Portal:SignIn:Oidc:1:AllowedDomains:0"] = "acme.example",
        };
        var providers = new[] { ("Company account", Company.Authority), ("Staff", Staff.Authority), ("Absent", $"http://127.0.0.1:{PortalHost.FreePort()}") };
        foreach (var (number, (name, authority)) in providers.Index())
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"Portal:SignIn:Oidc:{number}");
            settings[$"{path}:Name"] = name;
            settings[$"{path}:Authority"] = authority;
            settings[$"{path}:AllowHttp"] = "true";
            settings[$"{path}:ClientId"] = OidcDouble.ClientId;
            settings[$"{path}:ClientSecret"] = OidcDouble.ClientSecret;
        }
        return Task.FromResult(settings);
    }
}
