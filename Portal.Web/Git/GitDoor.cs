using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Teams;

namespace Portal.Web.Git;

/// <summary>Who is at the door, and may they: by token only, as <c>Authorization: Bearer</c> or as the Basic password with any user name.</summary>
internal sealed class GitDoor(IDbContextFactory<PortalDbContext> contexts, TokenService tokens)
{
    /// <exception cref="PortalException">Unauthenticated, NotFound or Denied.</exception>
    public async Task<(Actor Actor, FoundApp Found)> OpenAsync(HttpContext http, string team, string app, bool push, CancellationToken cancellationToken)
    {
        var token = TokenIn(http.Request.Headers.Authorization.ToString());
        var actor = token is null ? null : await tokens.AuthenticateAsync(token, http.Connection.RemoteIpAddress?.ToString(), cancellationToken);
        if (actor is null)
        {
            throw new PortalException(Refusal.Unauthenticated, token is null
                ? "Give a Portal token as the password; any user name will do."
                : "This token is unknown, expired or revoked; make a new one on the page of the app.");
        }
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, new AppPath(team, app), push ? Permission.PushCode : Permission.ViewApp, cancellationToken);
        if (found.App.SourceKind != SourceKind.Portal)
        {
            throw new PortalException(Refusal.Denied, $"The code of {found.Path} comes from {found.App.SourceUrl}; push there.");
        }
        return (actor, found);
    }

    internal static string? TokenIn(string authorization)
    {
        // A token has some 50 characters; what is much longer is none.
        if (authorization.Length is 0 or > 2000)
        {
            return null;
        }
        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return authorization["Bearer ".Length..].Trim() is { Length: > 0 } bearer ? bearer : null;
        }
        if (!authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        var bytes = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(authorization["Basic ".Length..].Trim(), bytes, out var length))
        {
            return null;
        }
        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        return pair.IndexOf(':') is var colon and >= 0 && colon + 1 < pair.Length ? pair[(colon + 1)..] : null;
    }
}
