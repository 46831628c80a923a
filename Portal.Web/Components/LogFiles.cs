using System.Text;
using Microsoft.AspNetCore.Mvc;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Web.Auth;
using Portal.Web.Components.Controls;
using Portal.Web.Components.Pages.Logs;

namespace Portal.Web.Components;

/// <summary>Logs as plain text files for the download buttons: colours taken out, with the person's own right to see them.</summary>
internal static class LogFiles
{
    public static void MapLogFiles(this WebApplication app)
    {
        app.MapGet("/{team}/{app}/builds/{number:int}/log.txt", BuildAsync).ExcludeFromDescription().RequireAuthorization();
        app.MapGet("/{team}/{app}/logs.txt", OutputAsync).ExcludeFromDescription().RequireAuthorization();
    }

    private static async Task<IResult> BuildAsync(string team, string app, int number, ICurrentActor current, BuildReader builds, CancellationToken cancellationToken) =>
        await AnswerAsync(current, $"{app}-build-{number}.txt", async (actor, stream) =>
        {
            // Piece by piece: a log may be as large as its limit, and many may be fetched at once.
            var chunks = await builds.LogAsync(actor, new AppPath(team, app), number, 0, cancellationToken);
            await using var writer = new StreamWriter(stream, Encoding.UTF8, leaveOpen: true);
            foreach (var chunk in chunks)
            {
                foreach (var line in chunk.Text.TrimEnd('\n').Split('\n'))
                {
                    await writer.WriteLineAsync(AnsiText.Plain(line).AsMemory(), cancellationToken);
                }
            }
        }, async actor => _ = await builds.GetAsync(actor, new AppPath(team, app), number, cancellationToken), cancellationToken);

    private static async Task<IResult> OutputAsync(string team, string app, [FromQuery] string? env, [FromQuery] string? q, [FromQuery] string? instance,
        [FromQuery] string? release, [FromQuery] string? level, [FromQuery] string? span, ICurrentActor current, AppLogReader output, TimeProvider clock, CancellationToken cancellationToken)
    {
        IReadOnlyList<AppLogLine> lines = [];
        return await AnswerAsync(current, $"{app}-output.txt", async (_, stream) =>
        {
            await using var writer = new StreamWriter(stream, Encoding.UTF8, leaveOpen: true);
            foreach (var line in lines)
            {
                await writer.WriteLineAsync($"{line.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {line.Instance} v{line.ReleaseVersion} {AnsiText.Plain(line.Text)}".AsMemory(), cancellationToken);
            }
        }, async actor => lines = await output.TailAsync(actor, new AppPath(team, app), string.IsNullOrEmpty(env) ? Addresses.Production : env,
            LogsModel.Filter(q, instance, release, level, span, clock.GetUtcNow()), AppLogReader.MaxLines, cancellationToken), cancellationToken);
    }

    private static async Task<IResult> AnswerAsync(ICurrentActor current, string name, Func<Actor, Stream, Task> write, Func<Actor, Task> check, CancellationToken cancellationToken)
    {
        if (await current.GetAsync(cancellationToken) is not { } actor)
        {
            return Results.Unauthorized();
        }

        try
        {
            await check(actor);
        }
        catch (PortalException refused) when (refused.Refusal is Refusal.NotFound or Refusal.Denied)
        {
            return Results.Problem(refused.Message, statusCode: refused.Refusal == Refusal.NotFound ? StatusCodes.Status404NotFound : StatusCodes.Status403Forbidden);
        }

        return Results.Stream(stream => write(actor, stream), "text/plain; charset=utf-8", name);
    }
}
