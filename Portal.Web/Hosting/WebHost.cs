using System.Globalization;
using Portal.Core.Common;

namespace Portal.Web.Hosting;

/// <summary>How the web host starts: where its files lie, what it listens on, and which settings it refuses.</summary>
internal static class WebHost
{
    /// <summary>Requests of people and machines to the portal itself; routes that need more say so.</summary>
    private const long BodyBytes = 1024 * 1024;

    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        // The launcher starts hosts in "/": the program's own folder holds its files.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args,
            ContentRootPath = AppContext.BaseDirectory,
            // Names the list of static files; by default it is the program that was started, in tests another.
            ApplicationName = typeof(WebHost).Assembly.GetName().Name,
        });
        // Present beside a program that was built but not published.
        builder.WebHost.UseStaticWebAssets();
        if (builder.Configuration["Portal:Listen"] is { Length: > 0 } listen)
        {
            builder.WebHost.UseUrls(listen);
        }
        // Both would write or start something for each request of an app.
        builder.Logging.AddFilter("Yarp", LogLevel.None).AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = BodyBytes;
            kestrel.Limits.MaxConcurrentConnections = 20_000;
            kestrel.Limits.MaxConcurrentUpgradedConnections = 10_000;
        });
        return builder;
    }

    /// <summary>Says everything that is wrong with the settings, one sentence a line; true when there is anything.</summary>
    public static bool Refuses(WebApplicationBuilder builder, TextWriter output)
    {
        var problems = new List<string>();
        var options = HostSettings.Read(builder.Configuration, problems);
        // The worker signs nobody in, and the files of the secrets need not be there.
        problems.AddRange(SignInProblems(builder.Configuration, options.SignIn));
        foreach (var problem in problems)
        {
            output.WriteLine(problem);
        }
        return problems.Count > 0;
    }

    private static IEnumerable<string> SignInProblems(IConfiguration configuration, SignInOptions options)
    {
        const string Path = $"{PortalOptions.Section}:SignIn:Oidc";
        var numbers = configuration.GetSection(Path).GetChildren().Select(c => c.Key).ToHashSet();
        if (!numbers.SetEquals(Enumerable.Range(0, numbers.Count).Select(n => n.ToString(CultureInfo.InvariantCulture))))
        {
            return [$"{Path} must be numbered 0, 1, 2 …: the number is part of the address that the provider sends people back to."];
        }
        var twice = options.Oidc.GroupBy(o => o.Provider).Where(g => g.Count() > 1).Select(g => $"{Path} names {g.First().Authority} twice.");
        return options.Oidc.SelectMany((provider, n) => provider.Problems($"{Path}:{n}")).Concat(twice);
    }

    public static PortalOptions Read(WebApplicationBuilder builder) =>
        HostSettings.Read(builder.Configuration, new List<string>());
}
