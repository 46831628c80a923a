using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Postgres.Tests.Teams;

/// <summary>The services of people, teams and tokens over a database of their own, at a time that the test decides.</summary>
internal sealed class TeamsWorld : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private TeamsWorld(PortalDatabase database)
    {
        Database = database;
        _services = new ServiceCollection()
            .AddLogging(logging => logging.ClearProviders())
            .AddSingleton<TimeProvider>(Clock)
            .AddSingleton<AuditTrail>()
            .AddSingleton(new PortalOptions { DataDirectory = Path.GetTempPath() })
            .AddPortalData(database.ConnectionString)
            .AddTeams()
            .BuildServiceProvider();
    }

    public PortalDatabase Database { get; }

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public static CancellationToken Now => TestContext.Current.CancellationToken;

    public static async Task<TeamsWorld> CreateAsync() => new(await PortalDatabase.CreateAsync(Now));

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Somebody with an account and no team.</summary>
    public async Task<Actor> PersonAsync(string name, bool admin = false, bool auditor = false)
    {
        var user = new PortalUser
        {
            Id = Guid.CreateVersion7(Clock.GetUtcNow()),
            UserName = $"{name}@example.org",
            NormalizedUserName = $"{name}@example.org".ToUpperInvariant(),
            Email = $"{name}@example.org",
            NormalizedEmail = $"{name}@example.org".ToUpperInvariant(),
            DisplayName = name,
            SecurityStamp = name,
            IsPlatformAdmin = admin,
            IsAuditor = auditor,
            CreatedAt = Clock.GetUtcNow(),
        };
        await Database.AddAsync(user);
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        return await AgainAsync(user.Id);
    }

    /// <summary>The same person with the rights that the database gives them now.</summary>
    public async Task<Actor> AgainAsync(Guid? userId)
    {
        await using var db = Database.CreateDbContext();
        var stamp = await db.Users.Where(u => u.Id == userId).Select(u => u.SecurityStamp).SingleAsync(Now);
        var session = await Get<SessionService>().StartAsync(userId!.Value, "192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", Now);
        return await Get<ActorFactory>().ForSessionAsync(userId.Value, session, stamp, "192.0.2.7", Now) ?? throw new InvalidOperationException("This person is nobody now.");
    }

    /// <summary>A team with its maintainer, who knows of it.</summary>
    public async Task<(Team Team, Actor Maintainer)> TeamAsync(string slug = "shop")
    {
        var founder = await PersonAsync($"founder-of-{slug}");
        var team = await Get<TeamService>().CreateAsync(founder, slug, null, Now);
        return (team, await AgainAsync(founder.UserId));
    }

    /// <summary>What the trail holds, by name: the clock stands still, so that there is no order of time.</summary>
    public async Task<IReadOnlyList<string>> ActionsAsync()
    {
        await using var db = Database.CreateDbContext();
        return (await db.Set<AuditEntry>().Select(e => e.Action).ToListAsync(Now)).Order(StringComparer.Ordinal).ToList();
    }

    public static async Task<PortalException> RefusedAsync(Refusal refusal, Func<Task> act)
    {
        var refused = await Assert.ThrowsAsync<PortalException>(act);
        Assert.Equal(refusal, refused.Refusal);
        return refused;
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Database.DisposeAsync();
    }
}
