using Tomlyn;
using Tomlyn.Model;

namespace Portal.Core.Builds.Detection;

/// <summary>Reads TOML that may be anything. Depth is bounded: a file of ten thousand brackets must not end the process.</summary>
internal static class Toml
{
    private static readonly TomlSerializerOptions Bounded = new() { MaxDepth = 32 };

    public static TomlTable? Parse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        try
        {
            return TomlSerializer.Deserialize<TomlTable>(text.TrimStart('\uFEFF'), Bounded);
        }
        catch (Exception e) when (e is TomlException or FormatException or InvalidOperationException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>The table at a path of keys, or null.</summary>
    public static TomlTable? Table(this TomlTable? table, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            table = table is not null && table.TryGetValue(key, out var value) ? value as TomlTable : null;
        }

        return table;
    }

    public static string? Text(this TomlTable? table, string key) =>
        table is not null && table.TryGetValue(key, out var value) ? value as string : null;

    public static IEnumerable<string> Texts(this TomlTable? table, string key) =>
        table is not null && table.TryGetValue(key, out var value) && value is TomlArray array ? array.OfType<string>() : [];

    public static IEnumerable<TomlTable> Tables(this TomlTable? table, string key) =>
        table is not null && table.TryGetValue(key, out var value)
            ? value switch { TomlTableArray array => array, TomlArray array => array.OfType<TomlTable>(), _ => [] }
            : [];
}
