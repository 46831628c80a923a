using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Portal.Core.Common;
using Portal.Core.Teams;

namespace Portal.Web.Auth;

/// <summary>
/// In a request the actor of the request: a token's, or the signed-in person's. In a circuit the person who opened it,
/// read from the database on every call.
/// </summary>
internal sealed class CurrentActor(IServiceProvider scope, IHttpContextAccessor http, ActorFactory actors) : ICurrentActor
{
    // In a circuit this is the address of the connection that opened it; asked for once, because later calls have no request.
    private readonly string? _address = http.HttpContext?.Connection.RemoteIpAddress?.ToString();

    public async Task<Actor?> GetAsync(CancellationToken cancellationToken)
    {
        // A circuit's scope is its own, although the request that opened the connection may still be visible from here.
        var request = http.HttpContext is { } context && ReferenceEquals(context.RequestServices, scope) ? context : null;
        if (request?.Items[TokenHandler.ActorKey] is Actor token)
        {
            return token;
        }
        var user = request is not null
            ? request.User
            : (await scope.GetRequiredService<AuthenticationStateProvider>().GetAuthenticationStateAsync()).User;
        return Guid.TryParse(user.FindFirstValue(ClaimTypes.NameIdentifier), out var id)
            ? await actors.ForSessionAsync(id, PersonClaims.SessionOf(user), user.FindFirstValue(PersonClaims.Stamp), _address, cancellationToken)
            : null;
    }
}
