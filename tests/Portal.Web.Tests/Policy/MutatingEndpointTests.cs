using System.Net;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Teams;
using Portal.Web.Tests.Api;

namespace Portal.Web.Tests.Policy;

/// <summary>
/// Every endpoint that changes something, taken from the host's own list, is tried by people who may not. An endpoint
/// without a row in <see cref="Rows"/> fails: add what it takes and whom it is for.
/// </summary>
public sealed class MutatingEndpointTests(ApiHost host) : IClassFixture<ApiHost>
{
    private enum For
    {
        /// <summary>Members of the team with enough of a role.</summary>
        Team,

        /// <summary>Anybody signed in, for themselves.</summary>
        Own,

        /// <summary>Platform admins.</summary>
        Platform,

        /// <summary>Changes nothing although it is a POST; for admins and auditors.</summary>
        Reading,
    }

    private static readonly Dictionary<string, (For For, string? Body)> Rows = new()
    {
        ["CreateTeam"] = (For.Own, """{"name":"other"}"""),
        ["ChangeTeam"] = (For.Team, """{"displayName":"Other"}"""),
        ["DeleteTeam"] = (For.Team, null),
        ["AddMember"] = (For.Team, """{"email":"x@example.org","role":"viewer"}"""),
        ["ChangeMember"] = (For.Team, """{"role":"viewer"}"""),
        ["RemoveMember"] = (For.Team, null),
        ["CreateInvitation"] = (For.Team, """{"role":"viewer"}"""),
        ["RevokeInvitation"] = (For.Team, null),
        ["AskToJoin"] = (For.Own, null),
        ["AnswerJoinRequest"] = (For.Team, """{"accept":true,"role":"viewer"}"""),
        ["CreateToken"] = (For.Own, """{"name":"x","scope":"full"}"""),
        ["RevokeToken"] = (For.Own, null),
        ["SetPlatformRoles"] = (For.Platform, """{"platformAdmin":true,"auditor":false}"""),
        ["SetDisabled"] = (For.Platform, """{"disabled":true}"""),
        ["CreatePasswordLink"] = (For.Platform, null),
        ["VerifyAuditAgainst"] = (For.Reading, """{"number":0,"hash":"0000000000000000000000000000000000000000000000000000000000000000"}"""),
        ["CreateApp"] = (For.Team, """{"name":"another"}"""),
        ["InspectSource"] = (For.Team, """{"url":"https://example.org/shop/api.git"}"""),
        ["ChangeApp"] = (For.Team, """{"build":{}}"""),
        ["DeleteApp"] = (For.Team, null),
        ["RotateWebhookSecret"] = (For.Team, null),
        ["TrustNewHostKey"] = (For.Team, null),
        ["SetPreviews"] = (For.Team, """{"idleDays":7}"""),
        ["ApprovePreview"] = (For.Team, """{"commit":"0000000"}"""),
        ["RemovePreview"] = (For.Team, null),
        ["CreateEnvironment"] = (For.Team, """{"name":"staging"}"""),
        ["ChangeEnvironment"] = (For.Team, """{"branch":"main"}"""),
        ["DeleteEnvironment"] = (For.Team, null),
        ["ResumeDeploys"] = (For.Team, null),
        ["PauseDeploys"] = (For.Team, """{"reason":"x"}"""),
        ["PerformAction"] = (For.Team, null),
        ["Deploy"] = (For.Team, """{"environment":"production","ref":"main"}"""),
        ["CancelBuild"] = (For.Team, null),
        ["DecidePush"] = (For.Team, null),
        ["RollBack"] = (For.Team, null),
        ["PromoteRelease"] = (For.Team, """{"to":"production"}"""),
        ["CancelRelease"] = (For.Team, null),
        ["SetVariables"] = (For.Team, """{"variables":[{"key":"KEY","value":"x"}]}"""),
        ["SetVariable"] = (For.Team, """{"value":"x"}"""),
        ["RemoveVariable"] = (For.Team, null),
        ["CreateAddOn"] = (For.Team, """{"kind":"postgresql"}"""),
        ["RemoveAddOn"] = (For.Team, null),
    };

    /// <summary>Doors that are opened by something else than a person or an API token; each has tests of its own.</summary>
    private static readonly string[] OwnProof = ["/git/", "/webhooks/", "/sign-out", "/_blazor"];

    /// <summary>Pages that a stranger may post a form to: each asks for a password, a link or an invitation.</summary>
    private static readonly string[] OpenPages = ["SignInPage", "LinkPage", "JoinPage"];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_changes_anything_without_the_right_to()
    {
        using (var maintainer = host.As("maintainer"))
        {
            await maintainer.PostAsync("/api/v1/teams/shop/apps", new { name = "api" });
        }
        var readOnly = await ReadTokenAsync();
        var problems = new List<string>();
        var tried = 0;
        foreach (var endpoint in Mutating().Where(e => Path(e).StartsWith("/api/", StringComparison.Ordinal)))
        {
            var name = endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? "";
            if (!Rows.TryGetValue(name, out var row))
            {
                problems.Add($"{Methods(endpoint)} {Path(endpoint)} ({name}) is new: add a row with what it takes and whom it is for.");
                continue;
            }
            foreach (var method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
            {
                foreach (var (who, token, expected) in Intruders(row.For, name, readOnly))
                {
                    tried++;
                    var got = await TryAsync(method, Address(endpoint), row.Body, who, token);
                    if (!expected.Contains(got))
                    {
                        problems.Add($"{method} {Path(endpoint)} ({name}) answers {(int)got} to {who}, not {string.Join(" or ", expected.Select(e => (int)e))}.");
                    }
                }
            }
        }
        Assert.True(problems.Count == 0, string.Join(Environment.NewLine, problems));
        Assert.True(tried > 100, $"Only {tried} tries: the endpoints were not found.");
    }

    [Fact]
    public void Whatever_else_takes_more_than_GET_asks_for_its_own_proof_or_for_a_person()
    {
        var strangers = Mutating().Where(e => !Path(e).StartsWith("/api/", StringComparison.Ordinal))
            .Where(e => !OwnProof.Any(door => Path(e).StartsWith(door, StringComparison.Ordinal)))
            .Where(e => e.Metadata.GetMetadata<ComponentTypeMetadata>() is { } page
                ? IsOpen(e) && !OpenPages.Contains(page.Type.Name)
                : IsOpen(e))
            .Select(e => $"{Methods(e)} {Path(e)}");
        Assert.Empty(strangers);
    }

    [Fact]
    public void Every_page_needs_a_person_but_the_doors()
    {
        var open = Endpoints().Where(e => e.Metadata.GetMetadata<ComponentTypeMetadata>() is not null && IsOpen(e))
            .Select(e => e.Metadata.GetRequiredMetadata<ComponentTypeMetadata>().Type.Name).Distinct().Order();
        Assert.Equal(OpenPages.Order(), open);
    }

    /// <summary>Who tries, and what each must be told.</summary>
    private static IEnumerable<(string Who, string? Token, HttpStatusCode[] Expected)> Intruders(For @for, string name, string readOnly)
    {
        yield return ("nobody", null, [HttpStatusCode.Unauthorized]);
        if (@for == For.Reading)
        {
            yield return ("outsider", "outsider", [HttpStatusCode.Forbidden]);
            yield break;
        }
        // An admin's own rights do not help a token that may only read.
        yield return ("an admin's read token", readOnly, name == "RevokeToken" ? [HttpStatusCode.Forbidden, HttpStatusCode.NotFound] : [HttpStatusCode.Forbidden]);
        if (@for == For.Own)
        {
            yield break;
        }
        yield return ("auditor", "auditor", [HttpStatusCode.Forbidden]);
        yield return ("outsider", "outsider", @for == For.Team ? [HttpStatusCode.NotFound] : [HttpStatusCode.Forbidden]);
        yield return (@for == For.Team ? "viewer" : "maintainer", @for == For.Team ? "viewer" : "maintainer", [HttpStatusCode.Forbidden]);
    }

    private async Task<HttpStatusCode> TryAsync(string method, string address, string? body, string who, string? token)
    {
        using var client = host.As(who is "auditor" or "outsider" or "viewer" or "maintainer" ? token : null);
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        if (client.DefaultRequestHeaders.Authorization is null && token is not null)
        {
            request.Headers.Authorization = new("Bearer", token);
        }
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.SendAsync(request, Now);
        return answer.StatusCode;
    }

    private async Task<string> ReadTokenAsync()
    {
        await using var db = host.Database.CreateDbContext();
        var admin = db.Users.Single(u => u.UserName == "admin");
        var value = SecretTokens.Create("ptl_");
        await host.Database.AddAsync(new ApiToken
        {
            Id = Guid.NewGuid(),
            UserId = admin.Id,
            Name = "read",
            Scope = TokenScope.Read,
            Hash = SecretTokens.Hash(value),
            Prefix = value[..8],
            CreatedAt = DateTimeOffset.UnixEpoch,
        });
        return value;
    }

    private IEnumerable<RouteEndpoint> Endpoints() => host.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().Distinct();

    private IEnumerable<RouteEndpoint> Mutating() => Endpoints().Where(e =>
        e.Metadata.GetMetadata<HttpMethodMetadata>() is not { HttpMethods.Count: > 0 } methods
            ? e.Metadata.GetMetadata<ComponentTypeMetadata>() is not null
            : methods.HttpMethods.Any(m => !HttpMethods.IsGet(m) && !HttpMethods.IsHead(m) && !HttpMethods.IsOptions(m)));

    private static bool IsOpen(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null || endpoint.Metadata.GetMetadata<IAuthorizeData>() is null;

    private static string Path(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText?.TrimStart('/');

    private static string Methods(RouteEndpoint endpoint) => string.Join(',', endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []);

    /// <summary>The route with something real in its places, so that a refusal comes from the policy and not from a missing app.</summary>
    private static string Address(RouteEndpoint endpoint) => "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment =>
        string.Concat(segment.Parts.Select(part => part is Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart parameter
            ? parameter.Name switch
            {
                "team" => "shop",
                "app" => "api",
                "env" => "production",
                "number" or "version" => "1",
                "key" => "KEY",
                _ => Guid.Empty.ToString(),
            }
            : ((Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart)part).Content))));
}
