using Portal.Testing;
using Portal.Testing.GitHub;

namespace Portal.Browser.Tests;

/// <summary>The product, and a GitHub of its own beside it: an organization "acme" with a real repository "acme/shop" among many.</summary>
public sealed class ConnectedProduct : BusyProduct
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-github-").FullName;

    public GitHubDouble GitHub { get; private set; } = null!;

    public DoubleRepository Shop { get; private set; } = null!;

    /// <summary>The double speaks plain http.</summary>
    protected override Dictionary<string, string?> Settings => new(base.Settings) { ["Portal__Git__AllowHttp"] = "true" };

    public override async ValueTask InitializeAsync()
    {
        GitHub = await GitHubDouble.StartAsync(_folder);
        GitHub.AddUser("ada");
        GitHub.AddOrganization("acme", "ada");
        GitHub.AddRepositories("acme", 300);
        Shop = GitHub.AddRepository("acme", "shop");
        await GitHub.CommitAsync(Shop, "main", Files("Hello from GitHub"), "the shop opens", "ada");
        await base.InitializeAsync();
    }

    /// <summary>A small app that answers with a text.</summary>
    public static Dictionary<string, string> Files(string greeting) => new()
    {
        ["package.json"] = """{ "name": "shop", "private": true, "scripts": { "start": "node server.js" } }""",
        ["server.js"] = $"require('http').createServer((q, a) => a.end('{greeting}')).listen(process.env.PORT, process.env.HOST);",
    };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await GitHub.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
