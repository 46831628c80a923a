using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Tests.Api;

public sealed class DescriptionTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Every_endpoint_is_described_with_a_summary_and_its_refusals()
    {
        var paths = (await host.As(null).GetAnswerAsync("/openapi/v1.json")).Expect(HttpStatusCode.OK).Json["paths"]!;
        var endpoints = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<ApiEndpoint>() is not null).ToList();
        Assert.NotEmpty(endpoints);
        foreach (var endpoint in endpoints)
        {
            var path = System.Text.RegularExpressions.Regex.Replace("/" + endpoint.RoutePattern.RawText!.Trim('/'), ":[a-z]+}", "}");
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                var operation = paths[path]?[method.ToLowerInvariant()];
                Assert.True(operation is not null, $"{method} {path} is not described");
                Assert.False(string.IsNullOrEmpty((string?)operation["summary"]), $"{method} {path} has no summary");
                Assert.NotNull(operation["operationId"]);
                Assert.Equal("#/components/schemas/ApiProblem", (string)operation["responses"]!["401"]!["content"]!["application/problem+json"]!["schema"]!["$ref"]!);
            }
        }
    }

    [Fact]
    public async Task The_description_tells_how_to_sign_in_and_which_words_there_are()
    {
        var document = (await host.As(null).GetAnswerAsync("/openapi/v1.json")).Json;
        Assert.Equal("bearer", (string)document["components"]!["securitySchemes"]!["token"]!["scheme"]!);
        Assert.Contains("rolling-out", document["components"]!["schemas"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("RollingOut", document.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_readable_page_brings_everything_itself()
    {
        using var client = host.As(null);
        var page = (await client.GetAnswerAsync("/api")).Expect(HttpStatusCode.OK);
        Assert.DoesNotContain("https://", page.Body, StringComparison.Ordinal);
        var nonce = System.Text.RegularExpressions.Regex.Match(page.Body, "nonce=\"([^\"]+)\"").Groups[1].Value;
        Assert.Contains($"'nonce-{WebUtility.HtmlDecode(nonce)}'", string.Join(' ', page.Message.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        var at = page.Message.RequestMessage!.RequestUri!;
        foreach (System.Text.RegularExpressions.Match script in System.Text.RegularExpressions.Regex.Matches(page.Body, "<script[^>]* src=\"([^\"]+)\""))
        {
            var answer = await client.GetAnswerAsync(new Uri(at, WebUtility.HtmlDecode(script.Groups[1].Value)).PathAndQuery);
            answer.Expect(HttpStatusCode.OK);
            Assert.Contains("javascript", answer.Message.Content.Headers.ContentType!.MediaType, StringComparison.Ordinal);
        }
    }
}
