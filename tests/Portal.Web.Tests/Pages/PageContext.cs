using AngleSharp.Dom;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Live;
using Portal.Core.Teams;
using Portal.Web.Auth;
using Portal.Web.Components.Live;
using Portal.Web.Tests.Api;

namespace Portal.Web.Tests.Pages;

/// <summary>Pages drawn without a browser over the real services and a real database, as whoever the test says.</summary>
public abstract class PageContext : BunitContext
{
    private readonly Visitor _visitor = new();

    protected PageContext(ApiHost host)
    {
        Host = host;
        DefaultWaitTimeout = TimeSpan.FromSeconds(30);
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddMudServices();
        Services.AddSingleton<ICurrentActor>(_visitor).AddSingleton<Handover>()
            .AddSingleton(host.Services.GetRequiredService<AuditRefusals>()).AddScoped<RefusedActs>();
        Services.AddSingleton(host.Services.GetRequiredService<LiveFeed>()).AddSingleton(TimeProvider.System);
        Services.AddFallbackServiceProvider(host.Services);
        AddBunitPersistentComponentState();
        SetRendererInfo(new Microsoft.AspNetCore.Components.RendererInfo("Server", isInteractive: true));
    }

    protected ApiHost Host { get; }

    protected static CancellationToken Now => Xunit.TestContext.Current.CancellationToken;

    protected ISnackbar Toasts => Services.GetRequiredService<ISnackbar>();

    /// <summary>What the person was told last.</summary>
    protected string Told => Toasts.ShownSnackbars.LastOrDefault()?.Message ?? "";

    /// <summary>From now on it is this person who looks, and acts.</summary>
    protected async Task<Actor> BeAsync(string name)
    {
        await using var db = Host.Database.CreateDbContext();
        var user = await db.Users.SingleAsync(u => u.UserName == name, Now);
        var session = await Host.Services.GetRequiredService<SessionService>().StartAsync(user.Id, "192.0.2.7", null, Now);
        return _visitor.Actor = (await Host.Services.GetRequiredService<ActorFactory>().ForSessionAsync(user.Id, session, user.SecurityStamp, "192.0.2.7", Now))!;
    }

    /// <summary>Finds and acts in one turn of the renderer: between the two, a page that is still loading may be drawn anew.</summary>
    protected static Task OnAsync<T>(IRenderedComponent<T> page, string selector, Action<IElement> act) where T : IComponent =>
        page.InvokeAsync(() => act(page.Find(selector)));

    /// <summary>What the trail holds of refused acts.</summary>
    protected async Task<IReadOnlyList<(string Who, string Action, string Target)>> RefusedAsync()
    {
        await using var db = Host.Database.CreateDbContext();
        return (await db.Set<AuditEntry>().Where(e => e.Outcome == "refused").ToListAsync(Now)).Select(e => (e.ActorName, e.Action, e.Target)).ToList();
    }

    private sealed class Visitor : ICurrentActor
    {
        public Actor? Actor { get; set; }

        public Task<Actor?> GetAsync(CancellationToken cancellationToken) => Task.FromResult(Actor);
    }
}
