using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Web.Components.Live;

namespace Portal.Web.Tests.Pages;

internal static class RefusalsForTests
{
    /// <summary>What keeps refusals, over a database that cannot be reached: a refusal has to be said all the same.</summary>
    public static IServiceCollection AddRefusedActs(this IServiceCollection services, NpgsqlDataSource nowhere) => services
        .AddDbContextFactory<PortalDbContext>(options => options.UseNpgsql(nowhere))
        .AddSingleton<AuditTrail>()
        .AddSingleton<AuditRefusals>()
        .AddScoped<RefusedActs>();
}
