using MudBlazor;

namespace Portal.Web.Components.Controls;

/// <summary>Dangerous work: what it will affect, and the name to be typed before it can be done.</summary>
/// <param name="Title">"Delete shop?"</param>
/// <param name="Affects">One line each: what goes, what stays.</param>
/// <param name="Name">Has to be typed exactly; null asks only for the button.</param>
/// <param name="Action">The button: the verb and its object, e.g. "Delete app".</param>
public sealed record ConfirmRequest(string Title, IReadOnlyList<string> Affects, string? Name, string Action, bool Danger = true)
{
    /// <summary>Shows the dialog; true when the person went through with it.</summary>
    public async Task<bool> AskAsync(IDialogService dialogs)
    {
        var parameters = new DialogParameters<ConfirmDialog> { { dialog => dialog.Request, this } };
        var options = new DialogOptions { CloseOnEscapeKey = true, MaxWidth = MaxWidth.Small, FullWidth = true };
        var shown = await dialogs.ShowAsync<ConfirmDialog>(Title, parameters, options);
        var result = await shown.Result;
        return result is { Canceled: false };
    }
}
