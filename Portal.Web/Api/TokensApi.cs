using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Teams;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class TokensApi
{
    /// <param name="Value">Shown this once, when it was just made; otherwise null.</param>
    /// <param name="Prefix">The first characters, to recognise it by.</param>
    internal sealed record TokenShape(Guid Id, string Name, TokenScope Scope, string Prefix, string Owner, string? Team, Guid? AppId,
        DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, string? Value)
    {
        public static TokenShape Of(TokenRow t, string? value = null) =>
            new(t.Id, t.Name, t.Scope, t.Prefix, t.Owner, t.Team, t.AppId, t.CreatedAt, t.ExpiresAt, t.LastUsedAt, value);
    }

    /// <param name="Scope">read: what you may read; full: what you may do; push: git push and fetch only.</param>
    /// <param name="Team">Limits it to one team.</param>
    /// <param name="App">Limits it to one app of that team.</param>
    /// <param name="ExpiresInDays">1 to 365, 90 unless told.</param>
    internal sealed record NewTokenBody(string Name, TokenScope Scope, string? Team = null, string? App = null, int? ExpiresInDays = null);

    public static void MapTokensApi(this IEndpointRouteBuilder api)
    {
        var tokens = api.MapGroup("/tokens").WithTags("Tokens");
        tokens.MapGet("", ListAsync).WithName("ListTokens").WithSummary("Your tokens that still work, newest first");
        tokens.MapPost("", CreateAsync).WithName("CreateToken").WithSummary("Make a token").WithDescription("Its value is shown this once.");
        tokens.MapDelete("/{id:guid}", RevokeAsync).WithName("RevokeToken").WithSummary("Revoke a token");
        api.MapGet("/teams/{team}/tokens", ListOfTeamAsync).WithTags("Tokens").WithName("ListTeamTokens").WithSummary("Tokens of any member that are limited to this team");
    }

    private static async Task<Ok<ListOf<TokenShape>>> ListAsync(Actor actor, TokenService tokens, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ListOf<TokenShape>([.. (await tokens.ListOwnAsync(actor, cancellationToken)).Select(t => TokenShape.Of(t))], null));

    private static async Task<Ok<ListOf<TokenShape>>> ListOfTeamAsync(string team, Actor actor, TeamReader reader, TokenService tokens, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        return TypedResults.Ok(new ListOf<TokenShape>([.. (await tokens.ListOfTeamAsync(actor, row.Id, cancellationToken)).Select(t => TokenShape.Of(t))], null));
    }

    private static async Task<Created<TokenShape>> CreateAsync(NewTokenBody body, Actor actor, TeamReader reader, AppReader apps, TokenService tokens, CancellationToken cancellationToken)
    {
        if (body is { App: not null, Team: null })
        {
            throw PortalException.Invalid("app", "An app is named together with its team.");
        }
        Guid? team = body.Team is null ? null : (await reader.FindAsync(actor, body.Team, cancellationToken)).Id;
        Guid? app = body.App is null ? null : (await apps.GetAsync(actor, new AppPath(body.Team!, body.App), cancellationToken)).App.Id;
        TimeSpan? lifetime = body.ExpiresInDays is { } days
            ? TimeSpan.FromDays(days is >= 1 and <= 365 ? days : throw PortalException.Invalid("expiresInDays", "“expiresInDays” must be 1 to 365."))
            : null;
        var made = await tokens.CreateAsync(actor, new NewToken(body.Name, body.Scope, team, app, lifetime), cancellationToken);
        return TypedResults.Created($"/api/v1/tokens/{made.Token.Id}", TokenShape.Of(made.Token, made.Value));
    }

    private static async Task<NoContent> RevokeAsync(Guid id, Actor actor, TokenService tokens, CancellationToken cancellationToken)
    {
        await tokens.RevokeAsync(actor, id, cancellationToken);
        return TypedResults.NoContent();
    }
}
