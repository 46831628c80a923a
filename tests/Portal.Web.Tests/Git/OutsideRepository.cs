using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;
using Portal.Testing;
using Portal.Web.Git;

namespace Portal.Web.Tests.Git;

/// <summary>An outside repository, served by git itself on this machine, which an admin has allowed.</summary>
internal sealed class OutsideRepository : IAsyncDisposable
{
    public static readonly CheckoutLimits Limits = new(1000, 10_000_000);

    private readonly Guid _repository = Guid.NewGuid();
    private WebApplication _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public string Root { get; } = Directory.CreateTempSubdirectory("portal-plain-").FullName;

    public string Work => Path.Combine(Root, "work");

    public string Url => _server.Urls.First();

    public PortalOptions Options { get; private set; } = null!;

    public static async Task<OutsideRepository> StartAsync(Action<WebApplication>? more = null)
    {
        var outside = new OutsideRepository();
        await outside.BeginAsync(more);
        return outside;
    }

    public (IGitHost Host, GitSource Source) Open(string path)
    {
        return Services().GetRequiredService<IGitHosts>().For(new App
        {
            Id = _repository,
            TeamId = Guid.NewGuid(),
            Slug = "api",
            SourceKind = SourceKind.Git,
            SourceUrl = $"{Url}/{path}",
            CreatedAt = default,
            CreatedBy = null,
        });
    }

    public ServiceProvider Services()
    {
        var services = new ServiceCollection().AddSingleton(Options).AddSingleton(TimeProvider.System).AddPortalData("Host=nowhere").AddPortalGit().AddSingleton<ITeamRepositories>(new FakeTeamRepositories());
        services.AddDataProtection();
        services.AddSingleton<SecretBox>();
        return services.BuildServiceProvider();
    }

    public async Task<string> CommitAsync(string message, params (string Path, string Text)[] files)
    {
        foreach (var (path, text) in files)
        {
            await File.WriteAllTextAsync(Path.Combine(Work, path), text, Token);
        }
        await GitAsync("add", "-A");
        await GitAsync("commit", "-q", "-m", message);
        return (await GitAsync("rev-parse", "HEAD")).Output.Trim();
    }

    public Task PublishAsync() => GitAsync("push", "-q", "--force", "--mirror", Path.Combine(Options.Repositories, $"{_repository}.git"));

    public async Task<CliResult> GitAsync(params string[] arguments) =>
        (await Cli.RunAsync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", .. arguments], Work,
            // git-lfs, where it is installed, would take part.
            new Dictionary<string, string?> { ["GIT_CONFIG_NOSYSTEM"] = "1" }, cancellationToken: Token)).Expect();

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(Token);
        await _server.DisposeAsync();
        Directory.Delete(Root, recursive: true);
    }

    private async Task BeginAsync(Action<WebApplication>? more)
    {
        Options = new PortalOptions { DataDirectory = Path.Combine(Root, "data"), Git = { AllowHttp = true, AllowedInternalHosts = ["127.0.0.1"] } };
        Directory.CreateDirectory(Options.Repositories);
        Directory.CreateDirectory(Work);
        await GitAsync("init", "-q", "-b", "trunk");
        await GitAsync("init", "-q", "--bare", "-b", "trunk", Path.Combine(Options.Repositories, $"{_repository}.git"));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        var backend = new GitBackend(new GitCommand(Options), Options);
        more?.Invoke(_server);
        _server.Map("/moved.git/{**rest}", (HttpContext http, string rest) => Results.Redirect($"/open.git/{rest}{http.Request.QueryString}", permanent: true));
        _server.Map("/open.git/{**rest}", async (HttpContext http, string rest) =>
        {
            using var process = backend.Start(http, _repository, rest, push: false);
            var fed = backend.FeedAsync(http.Request, process, Token);
            await using var body = await GitBackend.ReadHeadAsync(process, http.Response, Token);
            await body.CopyToAsync(http.Response.Body, Token);
            await fed;
        });
        await _server.StartAsync(Token);
    }
}
