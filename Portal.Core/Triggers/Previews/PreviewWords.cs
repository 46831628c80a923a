using System.Globalization;
using System.Text;
using Portal.Core.Common;
using Portal.Core.Git;

namespace Portal.Core.Triggers.Previews;

/// <summary>The one comment on a pull request: pure, from what is now.</summary>
internal static class PreviewWords
{
    /// <summary>Nobody sees it; it tells Portal's comment of this app from all others.</summary>
    public static string Marker(Preview preview) => $"<!-- portal-preview {preview.AppId} -->";

    /// <param name="name"><c>team/app</c>.</param>
    /// <param name="address">Where it answers.</param>
    /// <param name="appPage">Of Portal.</param>
    /// <param name="live">The commit that answers now; null: none does yet.</param>
    /// <param name="failure">Why the newest commit could not be built; null: it could, or is about to be.</param>
    /// <param name="status">Of its environment; null when that is gone.</param>
    public static string Comment(Preview preview, string name, string address, string appPage, string? live, string? failure, Status? status)
    {
        var text = new StringBuilder(Marker(preview)).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"**Preview of {name}**\n\n");
        text.Append(preview.State switch
        {
            PreviewState.Removed => $"{MarkdownText.Escape(preview.Ended ?? "")} {(preview.EndedByClosing ? "Reopening the pull request makes it again." : "A new commit makes it again.")}",
            PreviewState.Refused => MarkdownText.Escape(preview.Ended ?? ""),
            PreviewState.Waiting => $"Commit `{preview.Head[..7]}` comes from a fork and waits: somebody with the right to deploy has to [approve it]({appPage}). Every new commit asks again.",
            // Sleeping and waking is no news.
            _ when live == preview.Head && status is not { Severity: Severity.Error } => $"Commit `{preview.Head[..7]}` is live.",
            _ when failure is not null || status is { Severity: Severity.Error } => $"Commit `{preview.Head[..7]}`: {MarkdownText.Escape(failure ?? status!.Title)}.{Meanwhile(live)}",
            _ => $"Commit `{preview.Head[..7]}` is being built.{Meanwhile(live)}",
        });
        if (live is not null && preview.State is (PreviewState.Active or PreviewState.Waiting))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n\n{address}");
        }
        if (preview.State == PreviewState.Active && status is { Severity: Severity.Error, Next.Length: > 0 })
        {
            text.Append(CultureInfo.InvariantCulture, $"\n\n**Next:** {MarkdownText.Escape(status.Next)}");
        }
        return text.ToString();
    }

    private static string Meanwhile(string? live) => live is null ? "" : $" What answers is `{live[..7]}`.";
}
