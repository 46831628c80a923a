using Microsoft.Extensions.DependencyInjection.Extensions;
using MudBlazor;
using MudBlazor.Services;
using Portal.Web.Components.Layout;
using Portal.Web.Components.Live;

namespace Portal.Web.Components;

/// <summary>The pages people see: registration and mapping, one line each in <c>Program.cs</c>.</summary>
public static class PortalPages
{
    public static IServiceCollection AddPortalPages(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            // A closed laptop lid should find its page again; a page is cheap to keep for a while.
            circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(5);
            circuits.DisconnectedCircuitMaxRetained = 200;
        });
        services.AddMudServices(mud =>
        {
            mud.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
            mud.SnackbarConfiguration.VisibleStateDuration = 5000;
            mud.SnackbarConfiguration.ShowTransitionDuration = 120;
            mud.SnackbarConfiguration.HideTransitionDuration = 120;
            mud.SnackbarConfiguration.PreventDuplicates = true;
            mud.SnackbarConfiguration.MaxDisplayedSnackbars = 3;
        });
        services.AddScoped<ShellModel>();
        services.AddScoped<RefusedActs>();
        services.AddSingleton<Handover>();
        return services;
    }

    public static WebApplication MapPortalPages(this WebApplication app)
    {
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapLogFiles();
        app.MapRazorComponents<PortalDocument>().AddInteractiveServerRenderMode().RequireAuthorization();
        return app;
    }
}
