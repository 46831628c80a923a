using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.Hosted;
using Portal.Core.Git.LargeFiles;

namespace Portal.Web.Git;

/// <summary>
/// Git LFS for Portal's own repositories at <c>/git/{team}/{app}.git/info/lfs</c>: the batch API and its basic transfer, by
/// the same tokens as git itself. Locks are not offered; git-lfs takes the 404 for that.
/// </summary>
internal sealed class LargeFileDoor(GitDoor door, LargeFileStore store, AuditTrail audit, IDbContextFactory<PortalDbContext> contexts)
{
    public const string Prefix = "info/lfs/";

    private const string Objects = Prefix + "objects/";
    private const string Batch = Objects + "batch";

    /// <summary>git-lfs asks for 100 at a time.</summary>
    private const int MaxItems = 1000;

    /// <summary>Uploads and downloads at once; the rest is told to come back, which git-lfs does.</summary>
    private readonly SemaphoreSlim _places = new(32);

    public async Task HandleAsync(HttpContext http, string team, string app, string rest)
    {
        var request = rest == Batch && HttpMethods.IsPost(http.Request.Method) ? await ReadAsync(http) : null;
        var upload = request?.Operation == LargeFileBatch.Upload || HttpMethods.IsPut(http.Request.Method);
        var (actor, found) = await door.OpenAsync(http, team, app, upload, http.RequestAborted);
        var oid = rest.StartsWith(Objects, StringComparison.Ordinal) ? rest[Objects.Length..] : "";
        switch (http.Request.Method)
        {
            case "POST" when request is not null:
                await AnswerAsync(http, StatusCodes.Status200OK, await DecideAsync(http, actor, found, request));
                break;
            case "GET" or "HEAD" when LargeFilePointer.IsOid(oid):
                await InPlaceAsync(http, () => SendAsync(http, found, oid));
                break;
            case "PUT" when LargeFilePointer.IsOid(oid):
                await InPlaceAsync(http, () => ReceiveAsync(http, found, oid));
                break;
            default:
                await SayAsync(http, StatusCodes.Status404NotFound, "Portal offers the batch API of Git LFS with its basic transfer, nothing else.");
                break;
        }
    }

    /// <summary>git-lfs shows the message to its user.</summary>
    public static Task SayAsync(HttpContext http, int status, string message) => AnswerAsync(http, status, new { message });

    private static async Task<LargeFileBatch.Request> ReadAsync(HttpContext http)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<LargeFileBatch.Request>(http.Request.Body, cancellationToken: http.RequestAborted) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new PortalException(Refusal.Invalid, "The body is not a request of Git LFS's batch API.");
        }
    }

    private async Task<LargeFileBatch.Response> DecideAsync(HttpContext http, Actor actor, FoundApp found, LargeFileBatch.Request request)
    {
        if (request.Operation is not (LargeFileBatch.Upload or LargeFileBatch.Download) || request.HashAlgorithm is not (null or "sha256") || request.Transfers is { } transfers && !transfers.Contains("basic"))
        {
            throw new PortalException(Refusal.Invalid, "Portal knows the operations upload and download, the transfer basic and the hash sha256.");
        }
        if (request.Objects is not { Count: <= MaxItems } items || items.Any(o => o is null || !LargeFilePointer.IsOid(o.Oid) || o.Size < 0))
        {
            throw new PortalException(Refusal.Invalid, $"Name at most {MaxItems} files at a time, each by its SHA-256 and its size.");
        }
        var upload = request.Operation == LargeFileBatch.Upload;
        var missing = items.Where(o => store.SizeOf(found.App.Id, o.Oid!) != o.Size).ToHashSet();
        var tooMuch = upload && missing.Count > 0 ? store.ProblemOf(found.App.Id, missing.Sum(o => Math.Min(o.Size, store.MaxFile))) : null;
        if (upload && missing.Count > 0 && tooMuch is null)
        {
            await using var db = await contexts.CreateDbContextAsync(http.RequestAborted);
            audit.Record(db, actor, "code.large-files", found.Path, found.App.TeamId, found.App.Id, after: new { files = missing.Count, bytes = missing.Sum(o => Math.Min(o.Size, store.MaxFile)) });
            await db.SaveAsync(http.RequestAborted);
        }
        var address = $"{http.Request.Scheme}://{http.Request.Host}{http.Request.PathBase}{http.Request.Path.Value![..^"batch".Length]}";
        return new LargeFileBatch.Response("basic", [.. items.Select(Answer)]);

        LargeFileBatch.Answer Answer(LargeFileBatch.Item item)
        {
            var link = new Dictionary<string, LargeFileBatch.Link> { [request.Operation] = new(address + item.Oid) };
            if (!upload)
            {
                return missing.Contains(item) ? Refused(item, 404, "Its content was never pushed here.") : new LargeFileBatch.Answer(item.Oid, item.Size, link);
            }
            if (!missing.Contains(item))
            {
                return new LargeFileBatch.Answer(item.Oid, item.Size);
            }
            return (item.Size > store.MaxFile ? store.ProblemOf(found.App.Id, item.Size) : tooMuch) is { } problem
                ? Refused(item, 413, problem)
                : new LargeFileBatch.Answer(item.Oid, item.Size, link);
        }
    }

    private static LargeFileBatch.Answer Refused(LargeFileBatch.Item item, int code, string message) =>
        new(item.Oid, item.Size, Error: new LargeFileBatch.Problem(code, message));

    private async Task SendAsync(HttpContext http, FoundApp found, string oid)
    {
        if (store.SizeOf(found.App.Id, oid) is not { } size)
        {
            await SayAsync(http, StatusCodes.Status404NotFound, "There is no such file.");
            return;
        }
        http.Response.ContentType = "application/octet-stream";
        http.Response.ContentLength = size;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.SendFileAsync(store.PathOf(found.App.Id, oid), http.RequestAborted);
        }
    }

    private async Task ReceiveAsync(HttpContext http, FoundApp found, string oid)
    {
        if (http.Request.ContentLength is not { } size)
        {
            await SayAsync(http, StatusCodes.Status411LengthRequired, "Say the file's size (Content-Length).");
            return;
        }
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = store.MaxFile;
        }
        await store.StoreAsync(found.App.Id, new LargeFilePointer(oid, size), http.Request.Body, http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status200OK;
    }

    private async Task InPlaceAsync(HttpContext http, Func<Task> work)
    {
        if (!await _places.WaitAsync(TimeSpan.FromSeconds(20), http.RequestAborted))
        {
            http.Response.Headers.RetryAfter = 10.ToString(CultureInfo.InvariantCulture);
            await SayAsync(http, StatusCodes.Status429TooManyRequests, "Many large files are on their way at this moment; try again in a minute.");
            return;
        }
        try
        {
            await work();
        }
        finally
        {
            _places.Release();
        }
    }

    private static Task AnswerAsync<T>(HttpContext http, int status, T body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = LargeFileBatch.MediaType;
        return http.Response.WriteAsync(JsonSerializer.Serialize(body), http.RequestAborted);
    }
}
