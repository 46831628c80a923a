using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Portal.Testing.GitHub;

/// <summary>
/// GitHub on a port of this machine, as an Enterprise Server lays itself out: pages and git at the root, the REST API
/// under <c>/api/v3/</c>. What goes over the wire is GitHub's: registering an app from a manifest, installing it, its
/// tokens and permissions, REST answers with their limits, pages and ETags, git over smart HTTP, signed webhooks that
/// are sent once. Tests act as people through the methods here, and make it slow, forgetful or strict by
/// <see cref="Limits"/>, <see cref="Outage"/> and <see cref="Deliveries"/>.
/// </summary>
/// <remarks>
/// What it does not do: GraphQL, SSH, LFS, archives to download, issues apart from the comments of pull requests,
/// reviews, protected branches, merge queues, Actions, webhooks of a single repository, searching, teams (a member
/// writes, an owner administers), SAML and IP lists, marketplace. A pull request's mergeability is known at once, its
/// counts of commits and lines are not right. Reads never lag behind writes. An installation's page of repositories
/// shows the first hundred, and <see cref="AddRepositories"/> sends no events. Not checked against the real thing: that
/// a transfer also sends <c>installation_repositories</c> and a deletion does not, the 403 for an app's own token where
/// an installation's is needed, and the texts of refusals at the git door.
/// </remarks>
public sealed partial class GitHubDouble : IAsyncDisposable
{
    internal const string Version = "3.17.0";
    internal const string CallerItem = "caller";

    private readonly WebApplication _app;
    private readonly CancellationTokenSource _end = new();

    private GitHubDouble(WebApplication app, string folder, TimeProvider time)
    {
        _app = app;
        State = new DoubleState(time, folder);
        Shapes = new Shapes(State);
        Authentication = new Authentication(State);
        Limits = new DoubleLimits(time);
        Outage = new DoubleOutage(_end.Token);
        Requests = new DoubleRequests(time);
        Deliveries = new DoubleDeliveries(State);
        Webhooks = new Webhooks(State, Shapes, Deliveries);
        Pulls = new PullRequestWatch(State, Shapes, Webhooks);
        Checks = new CheckBook(State, Shapes, Webhooks);
        Pushes = new Pushes(State, Shapes, Webhooks, Pulls);
    }

    /// <summary>The time by its clock.</summary>
    public DateTimeOffset Now => State.Now;

    /// <summary>With a slash at its end. What Octokit takes as the address of an Enterprise Server.</summary>
    public Uri Url => State.Url;

    public DoubleLimits Limits { get; }

    public DoubleOutage Outage { get; }

    /// <summary>What was asked, for assertions.</summary>
    public DoubleRequests Requests { get; }

    public DoubleDeliveries Deliveries { get; }

    /// <summary>As github.com does: a webhook's address may not be this machine.</summary>
    public bool RefuseLocalHooks { get; set; }

    internal DoubleState State { get; }

    internal Shapes Shapes { get; }

    internal Authentication Authentication { get; }

    internal Webhooks Webhooks { get; }

    internal PullRequestWatch Pulls { get; }

    internal CheckBook Checks { get; }

    internal Pushes Pushes { get; }

    /// <param name="folder">For bare repositories; it is not removed at the end.</param>
    public static async Task<GitHubDouble> StartAsync(string folder, TimeProvider? time = null, int port = 0)
    {
        // Empty: nothing of this process's settings, environment or console is read or written.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
        });
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var app = builder.Build();
        var github = new GitHubDouble(app, Path.GetFullPath(folder), time ?? TimeProvider.System);
        app.Use(github.FrontAsync);
        app.UseRouting();
        github.Map(app);
        await app.StartAsync();
        var address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        github.State.Url = new Uri($"http://127.0.0.1:{address.Port}/");
        return github;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Deliveries.DisposeAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _end.Dispose();
    }

    private void Map(IEndpointRouteBuilder routes)
    {
        var rest = new RestDoor(this, routes);
        AppRoutes.Map(rest);
        InstallationRoutes.Map(rest);
        RepositoryRoutes.Map(rest);
        StatusRoutes.Map(rest);
        CheckRoutes.Map(rest);
        DeploymentRoutes.Map(rest);
        PullRoutes.Map(rest);
        DeliveryRoutes.Map(rest);
        PersonRoutes.Map(rest);
        new ManifestPages(this).Map(routes);
        new InstallPages(this).Map(routes);
        new OAuthPages(this).Map(routes);
        var git = new GitDoor(this);
        foreach (var file in new[] { "info/refs", "git-upload-pack", "git-receive-pack" })
        {
            routes.MapMethods($"/{{owner}}/{{name}}/{file}", ["GET", "POST"], http =>
                git.ServeAsync(http, (string)http.Request.RouteValues["owner"]!, (string)http.Request.RouteValues["name"]!, file));
        }
        routes.MapFallback("/api/v3/{**rest}", async http => await Answer.NotFound().WriteAsync(http, Answer.NotFound().Bytes()));
    }

    /// <summary>Before any door: the outage, the names by number, and the record of it all.</summary>
    private async Task FrontAsync(HttpContext http, RequestDelegate next)
    {
        var request = $"{http.Request.Path}{http.Request.QueryString}";
        http.Response.Headers["X-GitHub-Request-Id"] = $"{Tokens.Hex(2)}:{Tokens.Hex(3)}:{Tokens.Hex(4)}".ToUpperInvariant();
        http.Response.Headers["X-GitHub-Enterprise-Version"] = Version;
        http.Response.Headers["X-GitHub-Media-Type"] = "github.v3; format=json";
        try
        {
            if (await Outage.InterfereAsync(http))
            {
                return;
            }
            Rewrite(http);
            await next(http);
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested || _end.IsCancellationRequested || e is BadHttpRequestException)
        {
            // The one who asked left.
        }
        catch (Exception e)
        {
            Requests.Failed(e);
            http.Response.StatusCode = 500;
        }
        finally
        {
            Requests.Add(http, request);
        }
    }

    /// <summary><c>/repositories/{id}</c> is the same as <c>/repos/{owner}/{name}</c> of now; a branch's slashes in the middle of an address are part of its name.</summary>
    private void Rewrite(HttpContext http)
    {
        var parts = http.Request.Path.ToUriComponent().Split('/', 6);
        if (parts is ["", "api", "v3", "repositories", var number, .. var rest] && long.TryParse(number, CultureInfo.InvariantCulture, out var id))
        {
            lock (State.Gate)
            {
                if (State.Repositories.TryGetValue(id, out var repository) && !repository.IsDeleted)
                {
                    http.Request.Path = PathString.FromUriComponent($"/api/v3/repos/{repository.FullName}{(rest is [var more] ? $"/{more}" : "")}");
                }
            }
        }
        if (OfCommit().Match(http.Request.Path.ToUriComponent()) is { Success: true } commit)
        {
            http.Request.Path = PathString.FromUriComponent($"{commit.Groups[1]}{commit.Groups[2].Value.Replace("/", "%2F", StringComparison.Ordinal)}{commit.Groups[3]}");
        }
    }

    [GeneratedRegex("^(/api/v3/repos/[^/]+/[^/]+/commits/)(.+/.+)(/status|/statuses|/check-runs|/check-suites)$")]
    private static partial Regex OfCommit();
}
