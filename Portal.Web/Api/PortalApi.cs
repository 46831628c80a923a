using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Web.Api.Plumbing;
using Portal.Web.Hosting;
using Scalar.AspNetCore;

namespace Portal.Web.Api;

/// <summary>
/// The door for machines: REST below <c>/api/v1</c>, described at <c>/openapi/v1.json</c>, readable at <c>/api</c>.
/// One file per resource maps its endpoints to named handlers; a handler turns a request into one call of a service in
/// Core and the result into the shape that is promised. Rights, rules and the trail are the services' business.
/// </summary>
internal static class PortalApi
{
    public static IServiceCollection AddPortalApi(this IServiceCollection services)
    {
        services.AddApiDescription();
        services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        // Otherwise an unreadable request is answered with an empty 400 outside of development.
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddScoped<ApiActor>();
        services.AddScoped<Actor>(provider => provider.GetRequiredService<ApiActor>().Value
            ?? throw new InvalidOperationException("Only endpoints of the API have an actor of their own."));
        services.AddSingleton<RequestMemory>().AddSingleton<Follows>();
        return services;
    }

    /// <summary>After routing. Authentication runs inside, so that its failures are answered like all others.</summary>
    public static void UsePortalApi(this WebApplication app) =>
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/api") || context.Request.Path.StartsWithSegments("/openapi"), api =>
        {
            api.UseMiddleware<ApiErrors>();
            api.UseAuthentication();
            api.UseMiddleware<ApiGate>();
            api.UseMiddleware<ApiIdempotency>();
        });

    public static void MapPortalApi(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapScalarApiReference("/api", (options, context) => options
            .WithTitle("Portal API")
            .WithOpenApiRoutePattern("/openapi/{documentName}.json")
            .AddDocument(ApiDescription.Document)
            .WithNonce(context.RequestServices.GetRequiredService<CspNonce>().Value)
            // What would lead elsewhere: fonts, statistics, services of others.
            .DisableDefaultFonts()
            .DisableTelemetry()
            .DisableAgent()
            .DisableMcp()
            .HideDeveloperTools()
            .HideClientButton());
        app.MapUnknownAddress();

        var api = app.MapGroup("/api/v1").WithMetadata(new ApiEndpoint());
        foreach (var status in new[] { 400, 401, 403, 404, 429 })
        {
            api.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ApiProblem), [ApiProblem.ContentType]));
        }
        api.MapTeamsApi();
        api.MapMembersApi();
        api.MapTokensApi();
        api.MapPeopleApi();
        api.MapAppsApi();
        api.MapSourcesApi();
        api.MapEnvironmentsApi();
        api.MapBuildsApi();
        api.MapReleasesApi();
        api.MapVariablesApi();
        api.MapAddOnsApi();
        api.MapLogsApi();
        api.MapPushesApi();
        api.MapPreviewsApi();
        api.MapAuditApi();
    }
}
