using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Benchmarks;

/// <summary>The server's time for the Apps page of a team with 2,000 apps.</summary>
internal sealed partial class AppsPageBenchmark : Benchmark
{
    private const int Apps = 2000;
    private const int Requests = 100;

    /// <summary>A fresh process runs unoptimised code; what counts is how it goes on.</summary>
    private const int WarmUps = 300;

    private const double PromiseMs = 50;

    public override string Name => "apps-page";

    public override async Task<IReadOnlyList<Row>> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        await using var database = await PortalDatabase.CreateAsync();
        var link = SecretTokens.Create("portal_link_");
        await FillAsync(database, link);
        var (web, url) = await Processes.WebAsync(database, folder);
        await using var _ = web;
        using var client = await SignInAsync(url);

        var times = new List<double>();
        for (var i = 0; i < Requests + WarmUps; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using var response = await client.GetAsync("/acme");
            response.EnsureSuccessStatusCode();
            var text = await response.Content.ReadAsStringAsync();
            if (!text.Contains("app-1", StringComparison.Ordinal))
            {
                throw new InvalidOperationException("The page does not list the apps; somebody else's page was measured.");
            }
            if (i >= WarmUps)
            {
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }
        Directory.Delete(folder, recursive: true);
        var p95 = times.Order().ElementAt((int)(times.Count * 0.95));
        return
        [
            new Row($"Apps page with {Apps} apps, p95", Format($"{p95:0} ms"), "", Format($"under {PromiseMs:0} ms"), p95 < PromiseMs),
        ];

        async Task<HttpClient> SignInAsync(Uri address)
        {
            var handler = new HttpClientHandler { CookieContainer = new CookieContainer(), AllowAutoRedirect = false };
            var http = new HttpClient(handler) { BaseAddress = address };
            var page = await http.GetStringAsync($"/link?token={link}");
            var fields = HiddenField().Matches(page).ToDictionary(m => m.Groups[1].Value, m => WebUtility.HtmlDecode(m.Groups[2].Value));
            using var signedIn = await http.PostAsync("/link", new FormUrlEncodedContent(fields));
            if (signedIn.StatusCode is not (HttpStatusCode.Found or HttpStatusCode.SeeOther))
            {
                throw new InvalidOperationException($"Signing in answered {(int)signedIn.StatusCode}.");
            }
            return http;
        }
    }

    private static async Task FillAsync(PortalDatabase database, string link)
    {
        var now = TimeProvider.System.GetUtcNow();
        var person = new PortalUser { Id = Guid.NewGuid(), UserName = "ada", NormalizedUserName = "ADA", DisplayName = "Ada", IsPlatformAdmin = true, CreatedAt = now, SecurityStamp = Guid.NewGuid().ToString() };
        var team = new Team { Id = Guid.NewGuid(), Slug = "acme", Name = "Acme", CreatedAt = now };
        await database.AddAsync(person, team, new SignInLink { Id = Guid.NewGuid(), TokenHash = SecretTokens.Hash(link), ExpiresAt = now.AddMinutes(15) });
        await database.AddAsync(new Membership { TeamId = team.Id, UserId = person.Id, Role = TeamRole.Maintainer, Since = now });
        var rows = new List<object>();
        for (var i = 0; i < Apps; i++)
        {
            var app = new App { Id = Guid.NewGuid(), TeamId = team.Id, Slug = $"app-{i}", SourceKind = SourceKind.Portal, CreatedAt = now, CreatedBy = person.Id };
            rows.Add(app);
            rows.Add(new AppEnvironment { Id = Guid.NewGuid(), AppId = app.Id, TeamId = team.Id, Slug = "production", CreatedAt = now });
        }
        await database.AddAsync([.. rows]);
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("""<input type="hidden" name="([^"]+)" value="([^"]*)""")]
    private static partial Regex HiddenField();
}
