using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Headers;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Portal.Worker.ServeStatic;

/// <summary>Writes one file as a response: type, validators, cache, ranges, and its precompressed sibling where there is one.</summary>
internal static class FileAnswer
{
    private static readonly FileExtensionContentTypeProvider Types = MakeTypes();

    private static FileExtensionContentTypeProvider MakeTypes()
    {
        var types = new FileExtensionContentTypeProvider();
        types.Mappings[".avif"] = "image/avif";
        types.Mappings[".mjs"] = "text/javascript";
        types.Mappings[".js"] = "text/javascript";
        types.Mappings[".wasm"] = "application/wasm";
        types.Mappings[".webmanifest"] = "application/manifest+json";
        return types;
    }

    public static async Task WriteAsync(HttpContext context, FileInfo file, int status, Func<FileSystemInfo, string?> real)
    {
        var type = Types.TryGetContentType(file.Name, out var known) ? known : "application/octet-stream";
        if (type.StartsWith("text/", StringComparison.Ordinal) || type is "application/json" or "application/manifest+json" or "image/svg+xml")
        {
            type += "; charset=utf-8";
        }
        var response = context.Response;
        var (sent, encoding) = Compressed(context.Request, file, real);
        if (encoding is not null)
        {
            response.Headers.ContentEncoding = encoding;
        }
        response.Headers.Vary = "Accept-Encoding";
        // A name that holds a hash of the content never changes its content.
        response.Headers.CacheControl = status == StatusCodes.Status200OK && Hashed(file.Name) ? "public, max-age=31536000, immutable" : "no-cache";
        var modified = new DateTimeOffset(sent.LastWriteTimeUtc.Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);
        var tag = new EntityTagHeaderValue(string.Create(CultureInfo.InvariantCulture, $"\"{sent.LastWriteTimeUtc.Ticks:x}-{sent.Length:x}{encoding}\""));
        var headers = response.GetTypedHeaders();
        if (status != StatusCodes.Status200OK)
        {
            response.StatusCode = status;
            response.ContentType = type;
            response.ContentLength = sent.Length;
            await SendAsync(context, sent, 0, sent.Length);
            return;
        }
        headers.ETag = tag;
        headers.LastModified = modified;
        response.Headers.AcceptRanges = "bytes";
        var asked = context.Request.GetTypedHeaders();
        if (Unchanged(asked, tag, modified))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = type;
        var (from, length) = (0L, sent.Length);
        if (asked.Range is { } range && range.Unit == "bytes" && range.Ranges.Count == 1 && StillTheSame(asked, tag, modified))
        {
            var only = range.Ranges.First();
            (from, length) = only switch
            {
                { From: null, To: { } last } => (Math.Max(0, sent.Length - last), Math.Min(last, sent.Length)),
                { From: { } first, To: { } to } => (first, Math.Min(to, sent.Length - 1) - first + 1),
                { From: { } first } => (first, sent.Length - first),
                _ => (0, sent.Length),
            };
            if (from >= sent.Length || length <= 0)
            {
                response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                headers.ContentRange = new ContentRangeHeaderValue(sent.Length);
                return;
            }
            response.StatusCode = StatusCodes.Status206PartialContent;
            headers.ContentRange = new ContentRangeHeaderValue(from, from + length - 1, sent.Length);
        }
        response.ContentLength = length;
        await SendAsync(context, sent, from, length);
    }

    private static async Task SendAsync(HttpContext context, FileInfo file, long from, long length)
    {
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.SendFileAsync(file.FullName, from, length, context.RequestAborted);
        }
    }

    private static bool Unchanged(RequestHeaders asked, EntityTagHeaderValue tag, DateTimeOffset modified) =>
        asked.IfNoneMatch is { Count: > 0 } tags
            ? tags.Any(t => t.Equals(EntityTagHeaderValue.Any) || t.Compare(tag, useStrongComparison: false))
            : asked.IfModifiedSince is { } since && modified <= since;

    private static bool StillTheSame(RequestHeaders asked, EntityTagHeaderValue tag, DateTimeOffset modified) => asked.IfRange switch
    {
        null => true,
        { EntityTag: { } known } => known.Compare(tag, useStrongComparison: true),
        { LastModified: { } at } => modified <= at,
        _ => false,
    };

    private static (FileInfo File, string? Encoding) Compressed(HttpRequest request, FileInfo file, Func<FileSystemInfo, string?> real)
    {
        var accepted = request.Headers.AcceptEncoding;
        foreach (var (encoding, extension) in ((string, string)[])[("br", ".br"), ("gzip", ".gz")])
        {
            var sibling = new FileInfo(file.FullName + extension);
            if (Accepts(accepted, encoding) && sibling.Exists && real(sibling) == sibling.FullName)
            {
                return (sibling, encoding);
            }
        }
        return (file, null);
    }

    private static bool Accepts(StringValues accepted, string encoding) =>
        StringWithQualityHeaderValue.TryParseList(accepted.OfType<string>().ToList(), out var list) && list.Any(v => v.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase) && v.Quality is not 0);

    /// <summary>"app.4f3e2a1b.js", "index-BxT9kQ2f.css": a part of eight or more characters with a digit in it, before the extension.</summary>
    private static bool Hashed(string name)
    {
        var stem = Path.GetFileNameWithoutExtension(name);
        var cut = stem.LastIndexOfAny(['.', '-', '_']);
        var part = cut < 0 ? "" : stem[(cut + 1)..];
        return part.Length >= 8 && part.All(char.IsAsciiLetterOrDigit) && part.Any(char.IsAsciiDigit) && part.Any(char.IsAsciiLetter) && Path.GetExtension(name) is not ".html";
    }
}
