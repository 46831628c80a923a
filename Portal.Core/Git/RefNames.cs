namespace Portal.Core.Git;

/// <summary>Names of branches, tags and commits as outsiders send them: checked before git sees them.</summary>
public static class RefNames
{
    public const string Branches = "refs/heads/";
    public const string Tags = "refs/tags/";
    public const int MaxLength = 300;

    /// <summary>The "no commit" before a ref was made.</summary>
    public const string Zero = "0000000000000000000000000000000000000000";

    /// <summary>git's own rules (git-check-ref-format), and at most 300 characters.</summary>
    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= MaxLength }
        && name[0] is not ('-' or '/') && name[^1] is not ('/' or '.')
        && !name.Contains("..", StringComparison.Ordinal) && !name.Contains("//", StringComparison.Ordinal)
        && !name.Contains("@{", StringComparison.Ordinal) && name != "@"
        && !name.Any(c => c is <= ' ' or '\u007f' or '~' or '^' or ':' or '?' or '*' or '[' or '\\')
        && name.Split('/').All(part => part.Length > 0 && part[0] != '.' && !part.EndsWith(".lock", StringComparison.Ordinal));

    /// <summary>A whole object id: 40 hex digits, 64 in a SHA-256 repository.</summary>
    public static bool IsCommit(string? text) => text is { Length: 40 or 64 } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The "no commit" of a created or deleted ref: zeros only, of any length.</summary>
    public static bool IsZero(string? commit) => commit is { Length: > 0 } && commit.All(c => c == '0');

    /// <summary>"main" of <c>refs/heads/main</c>; null when it is no branch.</summary>
    public static string? Branch(string? name) => name is not null && name.StartsWith(Branches, StringComparison.Ordinal) ? name[Branches.Length..] : null;

    public static string? Tag(string? name) => name is not null && name.StartsWith(Tags, StringComparison.Ordinal) ? name[Tags.Length..] : null;

    /// <summary>What a person means by a name, in the order in which it is looked for.</summary>
    public static IReadOnlyList<string> Candidates(string name) =>
        name.StartsWith("refs/", StringComparison.Ordinal) ? [name] : [Branches + name, Tags + name];
}
