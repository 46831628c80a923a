using Bunit;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;
using Portal.Web.Components.Controls;
using Xunit;

namespace Portal.Web.Tests.Controls;

public sealed class ConfirmDialogTests : BunitContext
{
    private readonly IRenderedComponent<MudDialogProvider> _provider;

    public ConfirmDialogTests()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddMudServices();
        _provider = Render<MudDialogProvider>();
    }

    [Fact]
    public async Task Dangerous_work_needs_the_name_typed_exactly()
    {
        var asked = AskAsync("shop");
        var button = () => _provider.Find("button[type=submit]");
        Assert.True(button().HasAttribute("disabled"));

        await _provider.Find("#confirm-name").InputAsync("Shop");
        Assert.True(button().HasAttribute("disabled"));

        await _provider.Find("#confirm-name").InputAsync("shop");
        Assert.False(button().HasAttribute("disabled"));

        await _provider.Find("#confirm-form").SubmitAsync();
        Assert.True(await asked);
    }

    [Fact]
    public async Task Enter_without_the_name_does_nothing()
    {
        var asked = AskAsync("shop");

        await _provider.Find("#confirm-form").SubmitAsync();

        Assert.False(asked.IsCompleted);
        await _provider.Find("button[type=button]").ClickAsync();
        Assert.False(await asked);
    }

    [Fact]
    public async Task It_says_what_will_be_affected()
    {
        var asked = AskAsync(null);

        Assert.Contains("2 environments stop", _provider.Markup, StringComparison.Ordinal);
        await _provider.Find("#confirm-form").SubmitAsync();
        Assert.True(await asked);
    }

    private Task<bool> AskAsync(string? name)
    {
        var request = new ConfirmRequest("Delete shop?", ["2 environments stop."], name, "Delete app");
        Task<bool>? asked = null;
        _ = _provider.InvokeAsync(() => { asked = request.AskAsync(Services.GetRequiredService<IDialogService>()); return Task.CompletedTask; });
        _provider.WaitForElement("#confirm-form");
        return asked!;
    }
}
