using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Core.Common;

/// <summary>How Portal writes JSON into its own columns: camelCase, enums by name.</summary>
public static class CoreJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Null when the text is null or was written by a version whose shape is not understood any more.</summary>
    public static T? Read<T>(string? json)
        where T : class
    {
        if (json is null)
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
