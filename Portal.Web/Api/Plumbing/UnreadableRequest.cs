using System.Text.Json;
using System.Text.RegularExpressions;
using Portal.Core.Common;

namespace Portal.Web.Api.Plumbing;

/// <summary>Says what is wrong with a request that could not even be read: which field, which position, what was expected.</summary>
internal static partial class UnreadableRequest
{
    public static ApiProblem Explain(HttpContext context, BadHttpRequestException exception)
    {
        if (exception.InnerException is JsonException json)
        {
            return Explain(json);
        }
        if (exception.StatusCode != StatusCodes.Status400BadRequest)
        {
            return ApiProblem.Of(context, exception.StatusCode);
        }
        if (FailedParameter().Match(exception.Message) is { Success: true } failed)
        {
            var name = JsonNamingPolicy.CamelCase.ConvertName(failed.Groups["name"].Value);
            return Field(name, $"“{name}” must be {Expected(failed.Groups["type"].Value)}.");
        }
        if (MissingParameter().Match(exception.Message) is { Success: true } missing)
        {
            return missing.Groups["name"].Value == "body"
                ? ApiProblem.Of(Refusal.Invalid, "Send a JSON object as the body.")
                : Field(missing.Groups["name"].Value, $"“{missing.Groups["name"].Value}” is needed.");
        }
        return ApiProblem.Of(Refusal.Invalid, exception.Message.Contains("body", StringComparison.OrdinalIgnoreCase)
            ? "Send a JSON object as the body." : "The request could not be read.");
    }

    public static ApiProblem Explain(JsonException json)
    {
        var place = json.LineNumber is { } line ? $" (line {line + 1}, position {(json.BytePositionInLine ?? 0) + 1})" : "";
        var path = json.Path is { Length: > 2 } p && p.StartsWith("$.", StringComparison.Ordinal) ? p[2..] : "";
        if (json is UnknownValueException)
        {
            return Field(path, json.Message);
        }
        if (UnmappedMember().Match(json.Message) is { Success: true } unmapped)
        {
            var member = unmapped.Groups["name"].Value;
            var field = path.EndsWith(member, StringComparison.Ordinal) ? path : path.Length == 0 ? member : $"{path}.{member}";
            return Field(field, $"“{member}” is not a field of this request{place}.");
        }
        if (MissingMembers().Match(json.Message) is { Success: true } missing)
        {
            var names = QuotedName().Matches(missing.Groups["names"].Value).Select(m => m.Groups[1].Value).ToList();
            return ApiProblem.Of(Refusal.Invalid, $"{string.Join(", ", names.Select(n => $"“{n}”"))}: needed, but not there.",
                names.ToDictionary(n => path.Length == 0 ? n : $"{path}.{n}", _ => new[] { "This is needed." }));
        }
        if (WrongKind().Match(json.Message) is { Success: true } wrong)
        {
            return path.Length == 0
                ? ApiProblem.Of(Refusal.Invalid, $"The body must be a JSON object{place}.")
                : Field(path, $"“{path}” must be {Expected(wrong.Groups["type"].Value)}{place}.");
        }
        var detail = $"The body is not valid JSON{place}.";
        return path.Length == 0 ? ApiProblem.Of(Refusal.Invalid, detail) : Field(path, detail);
    }

    private static ApiProblem Field(string field, string sentence) =>
        ApiProblem.Of(Refusal.Invalid, sentence, field.Length == 0 ? null : new Dictionary<string, string[]> { [field] = [sentence] });

    private static string Expected(string type) => type switch
    {
        _ when type.Contains("Int", StringComparison.Ordinal) || type.Contains("int", StringComparison.Ordinal) || type.Contains("long", StringComparison.Ordinal) => "a whole number",
        _ when type.Contains("ool", StringComparison.Ordinal) => "true or false",
        _ when type.Contains("DateTimeOffset", StringComparison.Ordinal) => "a time like 2026-01-31T12:00:00Z",
        _ when type.Contains("Guid", StringComparison.Ordinal) => "an id like 0198c0de-0000-7000-8000-000000000000",
        _ when type.Contains("Dictionary", StringComparison.Ordinal) => "an object",
        _ when type.Contains("List", StringComparison.Ordinal) || type.EndsWith("[]", StringComparison.Ordinal) => "a list",
        _ when type.EndsWith("String", StringComparison.Ordinal) => "a text",
        _ => "of another kind",
    };

    // The framework has no other way to tell these apart than its (English, invariant) messages; the tests pin them.
    [GeneratedRegex("""Failed to bind parameter "(?<type>.+) (?<name>\w+)" from""")]
    private static partial Regex FailedParameter();

    [GeneratedRegex("""Required parameter ".+ (?<name>\w+)" was not provided""")]
    private static partial Regex MissingParameter();

    [GeneratedRegex("The JSON property '(?<name>.+?)' could not be mapped to any .NET member")]
    private static partial Regex UnmappedMember();

    [GeneratedRegex("missing required properties including: (?<names>.+?)\\.( |$)")]
    private static partial Regex MissingMembers();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex QuotedName();

    [GeneratedRegex(@"could not be converted to (?<type>\S+?)\.? (Path|$)")]
    private static partial Regex WrongKind();
}
