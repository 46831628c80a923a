using System.Globalization;
using Portal.Core.Common;

namespace Portal.Web.Api.Plumbing;

/// <summary>The version of something that people edit, as a strong ETag: <c>"4711"</c>.</summary>
internal static class Etag
{
    public static string Of(uint version) => $"\"{version.ToString(CultureInfo.InvariantCulture)}\"";

    public static void Set(HttpResponse response, uint version) => response.Headers.ETag = Of(version);

    /// <param name="ifMatch">The request's If-Match header.</param>
    /// <returns>The version that the caller has read; null when it does not care.</returns>
    public static uint? Expected(string? ifMatch) => ifMatch?.Trim() switch
    {
        null or "" or "*" => null,
        ['"', .. var inner, '"'] when uint.TryParse(inner, NumberStyles.None, CultureInfo.InvariantCulture, out var version) => version,
        // A tag that was never given out cannot be the current one.
        ['"', .., '"'] or ['W', '/', '"', .., '"'] => throw new PortalException(Refusal.Changed, "It was changed since it was read; read it again."),
        _ => throw PortalException.Invalid("If-Match", "If-Match must be the ETag of what was read, with its quotes."),
    };
}
