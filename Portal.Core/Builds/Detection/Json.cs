using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection;

/// <summary>Reads JSON that may be anything: comments, trailing commas, the wrong kinds, or not JSON at all.</summary>
internal static partial class Json
{
    private static readonly JsonDocumentOptions Tolerant = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 };

    /// <summary>The root element, or null with the reason in <paramref name="error"/>.</summary>
    public static JsonElement? Parse(string? text, out string? error)
    {
        error = null;
        if (text is null)
        {
            return null;
        }

        try
        {
            // Bytes: half a surrogate pair becomes a replacement character instead of an exception.
            var whole = HalfPair().Replace(text.TrimStart('\uFEFF'), @"\ufffd");
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(whole), Tolerant);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            error = e.LineNumber is { } line ? $"line {line + 1}" : "the start of the file";
            return null;
        }
    }

    /// <summary>An escape that is half a surrogate pair: it parses, and then throws when its name or value is read.</summary>
    [GeneratedRegex(@"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}")]
    private static partial Regex HalfPair();

    public static JsonElement? Parse(string? text) => Parse(text, out _);

    public static JsonElement? Get(this JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } e && e.TryGetProperty(name, out var value) ? value : null;

    public static string? Text(this JsonElement? element, string name) => element.Get(name).AsText();

    public static string? AsText(this JsonElement? element)
    {
        try
        {
            return element is { ValueKind: JsonValueKind.String } e ? e.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Escaped halves of surrogate pairs are valid JSON and not valid text.
            return null;
        }
    }

    public static IEnumerable<string> Names(this JsonElement? element)
    {
        if (element is not { ValueKind: JsonValueKind.Object } e)
        {
            yield break;
        }

        foreach (var property in e.EnumerateObject())
        {
            if (NameOf(property) is { } name)
            {
                yield return name;
            }
        }
    }

    /// <summary>The texts of an array, or the one text where somebody wrote no array.</summary>
    public static IEnumerable<string> Texts(this JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.Array } e => e.EnumerateArray().Select(i => ((JsonElement?)i).AsText()).OfType<string>(),
        { ValueKind: JsonValueKind.String } => element.AsText() is { } text ? [text] : [],
        _ => [],
    };

    public static IEnumerable<JsonElement?> Items(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Array } e ? e.EnumerateArray().Select(i => (JsonElement?)i) : [];

    public static IEnumerable<(string Name, JsonElement? Value)> Members(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Object } e
            ? e.EnumerateObject().Select(p => (Name: NameOf(p), (JsonElement?)p.Value)).Where(m => m.Name is not null).Select(m => (m.Name!, m.Item2))
            : [];

    private static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
