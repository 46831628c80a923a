using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Portal.Testing.GitHub;

/// <summary>An answer of the REST API before it is written.</summary>
internal sealed record Answer(int Status, JsonNode? Body = null)
{
    private const string Docs = "https://docs.github.com/rest";

    public static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Dictionary<string, string> Headers { get; } = [];

    /// <summary>Instead of a JSON body.</summary>
    public (byte[] Bytes, string Type)? Raw { get; init; }

    public string Message => (string?)Body?["message"] ?? "";

    public static Answer Ok(JsonNode body) => new(200, body);

    public static Answer Created(JsonNode body) => new(201, body);

    public static Answer NoContent() => new(204);

    public static Answer NotFound() => Error(404, "Not Found");

    public static Answer NotAccessible(CallerKind kind) => Error(403, kind == CallerKind.Person ? "Resource not accessible by personal access token" : "Resource not accessible by integration");

    public static Answer Error(int status, string message, JsonArray? errors = null)
    {
        var body = new JsonObject { ["message"] = message };
        if (errors is not null)
        {
            body["errors"] = errors;
        }
        body["documentation_url"] = Docs;
        body["status"] = status.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new Answer(status, body);
    }

    /// <summary>422 for one field, with one of GitHub's codes: missing, missing_field, invalid, already_exists, custom.</summary>
    public static Answer Invalid(string resource, string field, string code, string? message = null)
    {
        var error = new JsonObject { ["resource"] = resource, ["field"] = field, ["code"] = code };
        if (message is not null)
        {
            error["message"] = message;
        }
        return Error(422, "Validation Failed", [error]);
    }

    public Answer With(string header, string value)
    {
        Headers[header] = value;
        return this;
    }

    public byte[] Bytes() => Raw?.Bytes ?? (Body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(Body, Json));

    public async Task WriteAsync(HttpContext http, byte[] bytes)
    {
        http.Response.StatusCode = Status;
        foreach (var (name, value) in Headers)
        {
            http.Response.Headers[name] = value;
        }
        if (Status is 204 or 304)
        {
            return;
        }
        http.Response.ContentType = Raw?.Type ?? "application/json; charset=utf-8";
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }
}
