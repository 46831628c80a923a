using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Portal.Core.Common;

/// <summary>
/// Reads a section of settings and says everything that is wrong with it, one sentence each: a name that is no setting
/// (a typing mistake would silently leave the default), a value of the wrong kind, a number out of its range.
/// Values are not repeated: settings may hold what does not belong in a log.
/// </summary>
public static class SettingsReader
{
    /// <param name="problems">Gets a sentence for each problem; the affected settings keep their defaults.</param>
    /// <param name="elsewhere">Names in the section that somebody else reads, also those of whole sub-sections.</param>
    public static T Read<T>(IConfigurationSection section, ICollection<string> problems, params string[] elsewhere)
        where T : class, new()
    {
        var sound = new Dictionary<string, string?>();
        foreach (var (key, value) in section.AsEnumerable(makePathsRelative: true))
        {
            if (value is null || elsewhere.Any(name => IsOrIsBelow(key, name)))
            {
                continue;
            }
            if (TypeOf(typeof(T), key.Split(':')) is not { } type)
            {
                problems.Add($"{section.Path}:{key} is no setting of Portal; docs/operations.md lists them.");
            }
            else if (!Fits(type, value))
            {
                problems.Add($"{section.Path}:{key} must be {KindOf(type)}.");
            }
            else
            {
                sound[key] = value;
            }
        }
        var settings = new ConfigurationBuilder().AddInMemoryCollection(sound).Build().Get<T>() ?? new T();
        CheckRanges(settings, section.Path, problems);
        return settings;
    }

    private static bool IsOrIsBelow(string key, string name) =>
        key.Equals(name, StringComparison.OrdinalIgnoreCase) || key.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase);

    /// <summary>The type of the value at a path of names and list positions; null when there is none.</summary>
    private static Type? TypeOf(Type type, ReadOnlySpan<string> path)
    {
        if (path.IsEmpty)
        {
            return IsLeaf(type) ? type : null;
        }
        if (ElementOf(type) is { } element)
        {
            return int.TryParse(path[0], NumberStyles.None, CultureInfo.InvariantCulture, out _) ? TypeOf(element, path[1..]) : null;
        }
        var name = path[0];
        var property = IsLeaf(type) ? null : type.GetProperties().FirstOrDefault(p => p.CanWrite && p.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return property is null ? null : TypeOf(property.PropertyType, path[1..]);
    }

    private static bool IsLeaf(Type type) => type.IsPrimitive || type == typeof(string);

    private static Type? ElementOf(Type type) =>
        type.IsGenericType && typeof(System.Collections.IEnumerable).IsAssignableFrom(type) ? type.GetGenericArguments()[0] : null;

    private static bool Fits(Type type, string value)
    {
        try
        {
            return type == typeof(string) || TypeDescriptor.GetConverter(type).ConvertFromInvariantString(value) is not null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or NotSupportedException or OverflowException)
        {
            return false;
        }
    }

    private static string KindOf(Type type) => type == typeof(bool) ? "true or false" : "a whole number";

    private static void CheckRanges(object settings, string path, ICollection<string> problems)
    {
        foreach (var property in settings.GetType().GetProperties().Where(p => p.CanWrite))
        {
            var value = property.GetValue(settings);
            if (property.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(value))
            {
                problems.Add(string.Create(CultureInfo.InvariantCulture, $"{path}:{property.Name} must be from {range.Minimum} to {range.Maximum}."));
            }
            else if (value is not null && !IsLeaf(property.PropertyType) && ElementOf(property.PropertyType) is null)
            {
                CheckRanges(value, $"{path}:{property.Name}", problems);
            }
        }
    }
}
