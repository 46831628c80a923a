using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Portal.Web.Tests.Api;

/// <summary>An answer with its body read, so that a failing test shows what was said.</summary>
internal sealed record Answer(HttpStatusCode Status, string Body, HttpResponseMessage Message)
{
    public JsonNode Json => JsonNode.Parse(Body)!;

    public string? ETag => Message.Headers.ETag?.Tag;

    public Answer Expect(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{(int)Status} instead of {(int)status}: {Body}");
        return this;
    }

    /// <summary>Every refusal is a problem-details answer that says its own status.</summary>
    public JsonNode ExpectProblem(HttpStatusCode status)
    {
        Expect(status);
        Assert.Equal("application/problem+json", Message.Content.Headers.ContentType?.MediaType);
        Assert.Equal((int)status, (int)Json["status"]!);
        Assert.NotEmpty((string)Json["title"]!);
        Assert.NotEmpty((string)Json["detail"]!);
        Assert.StartsWith("urn:portal:problem:", (string)Json["type"]!, StringComparison.Ordinal);
        return Json;
    }

    /// <summary>As <see cref="ExpectProblem"/>, and names this field.</summary>
    public string ExpectField(string field, HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        var sentences = ExpectProblem(status)["errors"]?[field]?.AsArray();
        Assert.True(sentences is { Count: > 0 }, $"the field “{field}” is not named: {Body}");
        return (string)sentences[0]!;
    }
}

internal static class ApiCalls
{
    public static async Task<Answer> CallAsync(this HttpClient client, HttpMethod method, string address, object? body = null, string? raw = null,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, address);
        request.Content = raw is not null ? new StringContent(raw, Encoding.UTF8, "application/json")
            : body is not null ? JsonContent.Create(body, options: JsonSerializerOptions.Web) : null;
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        var message = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return new Answer(message.StatusCode, await message.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), message);
    }

    public static Task<Answer> GetAnswerAsync(this HttpClient client, string address) => client.CallAsync(HttpMethod.Get, address);

    public static Task<Answer> PostAsync(this HttpClient client, string address, object? body = null, params (string Name, string Value)[] headers) =>
        client.CallAsync(HttpMethod.Post, address, body, null, headers);
}
