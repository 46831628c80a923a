using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Variables;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class VariablesApi
{
    /// <param name="Value">Null for a secret, always.</param>
    /// <param name="For">Whether builds, running instances or both see it.</param>
    /// <param name="ManagedBy">The add-on it belongs to; it cannot be set by hand then.</param>
    internal sealed record VariableShape(string Key, string? Value, bool Secret, VariableUse For, string? ManagedBy, DateTimeOffset SetAt, string SetBy)
    {
        public static VariableShape Of(VariableView v) => new(v.Key, v.Value, v.Secret, v.Use, v.ManagedBy, v.SetAt, v.SetBy);
    }

    /// <param name="Value">At most 32 KiB. A secret's may be left out to keep it.</param>
    internal sealed record VariableBody(string? Value = null, bool Secret = false, VariableUse For = VariableUse.Run);

    internal sealed record KeyedBody(string Key, string? Value = null, bool Secret = false, VariableUse For = VariableUse.Run);

    /// <param name="Variables">1 to 200; all of them are set or none.</param>
    internal sealed record VariablesBody(IReadOnlyList<KeyedBody?> Variables);

    public static void MapVariablesApi(this IEndpointRouteBuilder api)
    {
        var variables = api.MapGroup("/teams/{team}/apps/{app}/environments/{env}/variables").WithTags("Variables");
        variables.MapGet("", ListAsync).WithName("ListVariables").WithSummary("Variables and the names of secrets");
        variables.MapPost("", SetManyAsync).WithName("SetVariables").WithSummary("Set several at once")
            .WithDescription("Makes one release, or one build when a build variable is among them.");
        variables.MapGet("/{key}", GetAsync).WithName("GetVariable").WithSummary("One variable; a secret without its value");
        variables.MapPut("/{key}", SetAsync).WithName("SetVariable").WithSummary("Set a variable or secret")
            .WithDescription("A run variable makes a release, a build variable a build.");
        variables.MapDelete("/{key}", RemoveAsync).WithName("RemoveVariable").WithSummary("Remove a variable");
    }

    private static async Task<Ok<ListOf<VariableShape>>> ListAsync(string team, string app, string env, Actor actor, VariableService variables,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(new ListOf<VariableShape>(
            [.. (await variables.ListAsync(actor, new AppPath(team, app), env, cancellationToken)).Select(VariableShape.Of)], null));

    private static async Task<Ok<VariableShape>> GetAsync(string team, string app, string env, string key, Actor actor, VariableService variables,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(await FindAsync(new AppPath(team, app), env, key, actor, variables, cancellationToken));

    private static async Task<Ok<ListOf<VariableShape>>> SetManyAsync(string team, string app, string env, VariablesBody body, Actor actor,
        VariableService variables, CancellationToken cancellationToken)
    {
        if (body.Variables.Any(v => v is null))
        {
            throw PortalException.Invalid("variables", "Each variable is an object with “key” and “value”.");
        }
        await variables.SetAsync(actor, new AppPath(team, app), env,
            [.. body.Variables.Select(v => new VariableInput(v!.Key, v.Value, v.Secret, v.For))], cancellationToken);
        return await ListAsync(team, app, env, actor, variables, cancellationToken);
    }

    private static async Task<Ok<VariableShape>> SetAsync(string team, string app, string env, string key, VariableBody body, Actor actor,
        VariableService variables, CancellationToken cancellationToken)
    {
        var path = new AppPath(team, app);
        await variables.SetAsync(actor, path, env, [new VariableInput(key, body.Value, body.Secret, body.For)], cancellationToken);
        return TypedResults.Ok(await FindAsync(path, env, key, actor, variables, cancellationToken));
    }

    private static async Task<NoContent> RemoveAsync(string team, string app, string env, string key, Actor actor, VariableService variables,
        CancellationToken cancellationToken)
    {
        await variables.RemoveAsync(actor, new AppPath(team, app), env, key, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<VariableShape> FindAsync(AppPath path, string environment, string key, Actor actor, VariableService variables,
        CancellationToken cancellationToken) =>
        VariableShape.Of((await variables.ListAsync(actor, path, environment, cancellationToken)).FirstOrDefault(v => v.Key == key)
            ?? throw PortalException.NotFound("variable of this name"));
}
