using System.Security.Cryptography;
using Portal.Testing;

namespace Portal.Benchmarks;

/// <summary>Starts what is measured, each as a process of its own that ends with this one.</summary>
internal static class Processes
{
    private static string Folder => AppContext.BaseDirectory;

    /// <summary>Built as <c>./portal up</c> builds it, compiled ahead of time.</summary>
    public static string Web => Checkout.Path("artifacts", "hosts", "Portal.Web", "Portal.Web.dll");

    public static async Task<(TiedProcess Process, Uri Url)> BareAsync(string role, params string[] arguments)
    {
        var url = new Uri($"http://127.0.0.1:{PortalHost.FreePort()}");
        var process = TiedProcess.Start("TERM", "dotnet", [Path.Combine(Folder, "Portal.Benchmarks.dll"), "serve", role, url.ToString(), .. arguments]);
        await AnswersAsync(process, url, "localhost");
        return (process, url);
    }

    /// <summary>The web host as it is shipped, over the given database.</summary>
    public static async Task<(TiedProcess Process, Uri Url)> WebAsync(PortalDatabase database, string dataFolder)
    {
        var url = new Uri($"http://127.0.0.1:{PortalHost.FreePort()}");
        var key = Path.Combine(dataFolder, "master.key");
        if (!File.Exists(key))
        {
            await File.WriteAllTextAsync(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        }
        var process = TiedProcess.Start("TERM", "dotnet", [Web], WebEnvironment(database, dataFolder, url));
        await AnswersAsync(process, new Uri(url, "/readyz"), "localhost");
        return (process, url);
    }

    public static Dictionary<string, string?> WebEnvironment(PortalDatabase database, string dataFolder, Uri url) => new()
    {
        ["ConnectionStrings__Portal"] = database.ConnectionString,
        ["Portal__Listen"] = url.GetLeftPart(UriPartial.Authority),
        ["Portal__PublicUrl"] = url.GetLeftPart(UriPartial.Authority),
        ["Portal__AppsDomain"] = $"localhost:{url.Port}",
        ["Portal__DataDirectory"] = dataFolder,
        ["Portal__MasterKeyFile"] = Path.Combine(dataFolder, "master.key"),
    };

    private static async Task AnswersAsync(TiedProcess process, Uri url, string host)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Host = host;
        await Eventually.True(async () =>
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException(process.Output);
            }
            try
            {
                // A bare program may know one address only; that it answers at all is enough.
                return (await client.GetAsync(url)).IsSuccessStatusCode || !url.AbsolutePath.EndsWith("readyz", StringComparison.Ordinal);
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(60), $"{url} answers");
    }
}
