using System.Text.Json;
using Portal.Core.Audit;
using Portal.Core.Common;

namespace Portal.Web.Components.Pages.Admin;

/// <param name="Before">Null when there was nothing.</param>
public sealed record FieldChange(string Field, string? Before, string? After);

/// <param name="Shown">Ids that are on the page; null shows everything. What came in since waits behind "3 new".</param>
public sealed record AuditModel(Page<AuditRow> Entries, IReadOnlyList<string> Actions, IReadOnlySet<Guid>? Shown = null)
{
    private const int LongestValue = 200;

    /// <summary>Of a page that stays open: what is older is read with "Older".</summary>
    private const int Most = 500;

    public IReadOnlyList<AuditRow> Visible => Shown is null ? Entries.Items : [.. Entries.Items.Where(e => Shown.Contains(e.Id))];

    public int Waiting => Shown is null ? 0 : Entries.Items.Count(e => !Shown.Contains(e.Id));

    public AuditModel ShowAll() => this with { Shown = null };

    /// <summary>The same page read again: what is shown stays in its place, what is new waits, what fell off the end is kept.</summary>
    public AuditModel With(AuditModel read)
    {
        if (Entries.Items.Count == 0)
        {
            return read;
        }
        var known = read.Entries.Items.Select(e => e.Id).ToHashSet();
        var all = read.Entries.Items.Concat(Entries.Items.Where(e => !known.Contains(e.Id))).Take(Most).ToList();
        var next = all.Count < Most ? Entries.Next : new TimeCursor(all[^1].At, all[^1].Id).ToString();
        return read with { Entries = new Page<AuditRow>(all, next), Shown = Shown ?? Entries.Items.Select(e => e.Id).ToHashSet() };
    }

    /// <summary>The fields of an entry with what they were and became. Stored text that is not JSON (somebody edited it) is shown as it is.</summary>
    public static IReadOnlyList<FieldChange> Changes(AuditRow entry)
    {
        var before = Fields(entry.Before);
        var after = Fields(entry.After);
        return [.. before.Keys.Union(after.Keys).Select(field => new FieldChange(field, before.GetValueOrDefault(field), after.GetValueOrDefault(field)))
            .Where(change => change.Before != change.After)];
    }

    public static string Sentence(AuditVerdict verdict) => verdict.Intact
        ? $"The trail is intact: {Controls.Words.Count(verdict.Sealed, "sealed entry", "sealed entries")} in an unbroken chain{(verdict.Entries > verdict.Sealed ? $", {verdict.Entries - verdict.Sealed} about to be sealed" : "")}."
        : $"The trail was changed: it cannot be trusted from no. {verdict.FirstBroken} on.";

    public static DateTimeOffset? Since(string? choice, DateTimeOffset now) => choice switch
    {
        "1h" => now.AddHours(-1),
        "24h" => now.AddDays(-1),
        "7d" => now.AddDays(-7),
        "30d" => now.AddDays(-30),
        _ => null,
    };

    private static Dictionary<string, string> Fields(string? json)
    {
        if (string.IsNullOrEmpty(json))
        {
            return [];
        }
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document.RootElement.EnumerateObject().GroupBy(p => p.Name).ToDictionary(g => g.Key, g => Cut(g.Last().Value.ToString()));
            }
        }
        catch (JsonException)
        {
            // Falls through to the text itself.
        }
        return new() { ["text"] = Cut(json) };
    }

    private static string Cut(string text) => text.Length <= LongestValue ? text : text[..(LongestValue - 1)] + "…";
}
