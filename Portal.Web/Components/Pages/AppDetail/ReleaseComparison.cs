using Portal.Core.Releases;

namespace Portal.Web.Components.Pages.AppDetail;

/// <summary>One variable that differs; a secret's value is never known here.</summary>
public sealed record VariableDifference(string Key, string Change, string? Before, string? After);

/// <summary>What one release changed against another: commit, variables, trigger.</summary>
public sealed record ReleaseComparison(Release Older, Release Newer, IReadOnlyList<VariableDifference> Variables)
{
    public bool SameCommit => Older.Commit == Newer.Commit;

    public static ReleaseComparison? Of(Release? older, Release? newer)
    {
        if (older is null || newer is null || older.Id == newer.Id)
        {
            return null;
        }

        if (older.Version > newer.Version)
        {
            (older, newer) = (newer, older);
        }

        var differences = new List<VariableDifference>();
        foreach (var key in older.Variables.Keys.Union(newer.Variables.Keys).Order(StringComparer.Ordinal))
        {
            var had = older.Variables.TryGetValue(key, out var before);
            var has = newer.Variables.TryGetValue(key, out var after);
            if (had && has && before != after)
            {
                differences.Add(new VariableDifference(key, "changed", before, after));
            }
            else if (had != has)
            {
                differences.Add(new VariableDifference(key, has ? "added" : "removed", before, after));
            }
        }

        differences.AddRange(newer.SecretKeys.Except(older.SecretKeys).Order(StringComparer.Ordinal).Select(key => new VariableDifference(key, "secret added", null, null)));
        differences.AddRange(older.SecretKeys.Except(newer.SecretKeys).Order(StringComparer.Ordinal).Select(key => new VariableDifference(key, "secret removed", null, null)));
        return new ReleaseComparison(older, newer, differences);
    }
}
