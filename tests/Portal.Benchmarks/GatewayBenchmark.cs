using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Releases;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Benchmarks;

/// <summary>Requests a second through the gateway against YARP with nothing else, both in front of the same app.</summary>
internal sealed class GatewayBenchmark : Benchmark
{
    private const int Rounds = 5;
    private const int Seconds = 4;
    private const double Promise = 0.9;

    public override string Name => "gateway";

    public override async Task<IReadOnlyList<Row>> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        await using var database = await PortalDatabase.CreateAsync();
        var (app, appUrl) = await Processes.BareAsync("hello");
        await using var _ = app;
        await RouteAsync(database, appUrl.Authority);
        var (yarp, yarpUrl) = await Processes.BareAsync("yarp", appUrl.ToString());
        await using var __ = yarp;
        var (web, webUrl) = await Processes.WebAsync(database, folder);
        await using var ___ = web;

        // Warm first, then in turns, so that whatever else the machine does falls on both.
        await Wrk.RunAsync(yarpUrl, "localhost", Seconds);
        await Wrk.RunAsync(webUrl, Host(webUrl), Seconds);
        var bare = new List<double>();
        var ours = new List<double>();
        var errors = "";
        for (var round = 0; round < Rounds; round++)
        {
            bare.Add((await Wrk.RunAsync(yarpUrl, "localhost", Seconds)).RequestsPerSecond);
            var own = await Wrk.RunAsync(webUrl, Host(webUrl), Seconds);
            ours.Add(own.RequestsPerSecond);
            errors += own.Errors;
        }
        Directory.Delete(folder, recursive: true);
        var ratio = Median(ours) / Median(bare);
        return
        [
            new Row("gateway against bare YARP", Rate(Median(ours)), Rate(Median(bare)),
                string.Create(CultureInfo.InvariantCulture, $"{ratio:0.00}× (at least {Promise:0.00}×) {errors}").TrimEnd(), ratio >= Promise && errors.Length == 0),
        ];
    }

    private static string Host(Uri web) => $"bench--acme.localhost:{web.Port}";

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);

    private static string Rate(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0}/s");

    private static async Task RouteAsync(PortalDatabase database, string target)
    {
        var now = TimeProvider.System.GetUtcNow();
        var team = new Team { Id = Guid.NewGuid(), Slug = "acme", Name = "Acme", CreatedAt = now };
        var app = new App { Id = Guid.NewGuid(), TeamId = team.Id, Slug = "bench", SourceKind = SourceKind.Portal, CreatedAt = now, CreatedBy = null };
        var environment = new AppEnvironment { Id = Guid.NewGuid(), AppId = app.Id, TeamId = team.Id, Slug = "production", CreatedAt = now };
        await database.AddAsync(team, app, environment);
        await database.AddAsync(new Route { EnvironmentId = environment.Id, Host = "bench--acme", ReleaseVersion = 1, Targets = [target], State = RouteStates.Live, Revision = 1 });
        await using var db = database.CreateDbContext();
        await db.Set<RouteRevision>().ExecuteUpdateAsync(set => set.SetProperty(r => r.Revision, 1));
    }
}
