using Microsoft.Playwright;
using Portal.Testing;

namespace Portal.Browser.Tests;

/// <summary>The running product and a browser, shared by the tests of one class: starting them is what takes long.</summary>
public class ProductFixture : IAsyncLifetime
{
    private static readonly string[] Flags =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright _playwright = null!;

    /// <summary>Of the hosts.</summary>
    protected virtual Dictionary<string, string?> Settings => new() { ["Portal__Limits__StartSeconds"] = "30" };

    public PortalHost Host { get; private set; } = null!;

    public IBrowser Browser { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        Host = await PortalHost.StartAsync(environment: Settings);
        _playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(20_000);
        Browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = "/usr/bin/chromium", Args = Flags });
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        _playwright.Dispose();
        await Host.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A page that fails a test when the browser's console says that something broke.</summary>
    public async Task<IPage> PageAsync(string? state = null, ColorScheme scheme = ColorScheme.Light, int width = 1440, int height = 900)
    {
        var context = await Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = Host.Url.ToString(),
            ColorScheme = scheme,
            StorageState = state,
            ViewportSize = new ViewportSize { Width = width, Height = height },
        });
        context.SetDefaultTimeout(30_000);
        return await context.NewPageAsync();
    }
}

internal static class Arriving
{
    /// <summary>The address is there; what the test looks for next waits for itself. "load" may have been long before, or come late.</summary>
    public static Task ArriveAsync(this IPage page, string address, float? timeout = null) => page.WaitForURLAsync(address, new() { WaitUntil = WaitUntilState.Commit, Timeout = timeout });
}
