using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Portal.Worker.ServeStatic;

/// <summary>
/// Answers requests with the files of one folder: index.html for folders, 404.html for what is not there (or index.html
/// for apps that route in the browser), precompressed siblings, validators and ranges. Never lists a folder, never
/// leaves it, never shows what begins with a dot except <c>.well-known</c>.
/// </summary>
internal sealed class StaticFiles
{
    private readonly string root;
    private readonly bool spa;

    public StaticFiles(string root, bool spa)
    {
        this.root = Real(new DirectoryInfo(Path.GetFullPath(root)))?.TrimEnd('/') ?? throw new DirectoryNotFoundException(root);
        this.spa = spa;
    }

    public async Task AnswerAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "GET, HEAD";
            return;
        }
        context.Response.Headers.XContentTypeOptions = "nosniff";
        var path = context.Request.Path.Value ?? "/";
        if (Find(path) is { } file)
        {
            await FileAnswer.WriteAsync(context, file, StatusCodes.Status200OK, Real);
        }
        else if (path.Length > 1 && !path.EndsWith('/') && Find(path + "/") is not null)
        {
            // Relative links of the folder's page only work below the folder. A second slash would name another host.
            context.Response.Headers.Location = "/" + (context.Request.PathBase + context.Request.Path).ToUriComponent().TrimStart('/') + "/" + context.Request.QueryString;
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
        }
        else if (spa && !Path.HasExtension(path) && Find("/") is { } shell)
        {
            await FileAnswer.WriteAsync(context, shell, StatusCodes.Status200OK, Real);
        }
        else if (Find("/404.html") is { } missing)
        {
            await FileAnswer.WriteAsync(context, missing, StatusCodes.Status404NotFound, Real);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Response.ContentType = "text/plain; charset=utf-8";
            context.Response.Headers.CacheControl = "no-cache";
            await context.Response.WriteAsync(HttpMethods.IsHead(context.Request.Method) ? "" : "There is no such page.\n", context.RequestAborted);
        }
    }

    /// <summary>The file behind a path, or null. "/docs/" is its index.html, "/about" may be about.html.</summary>
    private FileInfo? Find(string path)
    {
        if (path.AsSpan().IndexOfAny('\0', '\\') >= 0 || path.Length > 2_000)
        {
            return null;
        }
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments.Any(s => s.StartsWith('.') && s != ".well-known"))
        {
            return null;
        }
        var wanted = Path.Combine([root, .. segments]);
        if (path.EndsWith('/'))
        {
            return Inside(Path.Combine(wanted, "index.html"));
        }
        return Inside(wanted) ?? (Path.HasExtension(wanted) ? null : Inside(wanted + ".html"));
    }

    private FileInfo? Inside(string path)
    {
        var file = new FileInfo(path);
        return file.Exists && Real(file) is { } real && real.StartsWith(root + "/", StringComparison.Ordinal) ? new FileInfo(real) : null;
    }

    /// <summary>The path with every link in it followed, or null where that is not possible.</summary>
    internal static string? Real(FileSystemInfo entry)
    {
        var path = entry.FullName;
        // Every folder on the way may be a link too; twenty is more than any honest tree has.
        for (var i = 0; i < 20; i++)
        {
            var current = "";
            var changed = false;
            var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
            for (var n = 0; n < parts.Length; n++)
            {
                var next = current + "/" + parts[n];
                if (new FileInfo(next).LinkTarget is { } target)
                {
                    path = Path.GetFullPath(Path.Combine([target.StartsWith('/') ? target : Path.Combine(current.Length == 0 ? "/" : current, target), .. parts[(n + 1)..]]));
                    changed = true;
                    break;
                }
                current = next;
            }
            if (!changed)
            {
                return File.Exists(path) || Directory.Exists(path) ? path : null;
            }
        }
        return null;
    }
}
