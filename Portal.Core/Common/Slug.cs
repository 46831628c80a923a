using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Portal.Core.Common;

/// <summary>
/// A name that is part of an address: 1–18 characters, a–z, 0–9 and single hyphens, starting with a letter.
/// Never contains <c>--</c>, because that separates environment, app and team in a host name
/// (<c>{env}--{app}--{team}</c> stays within the 63 characters of one DNS label: 3 × 18 + 2 × 2 = 58).
/// </summary>
public static class Slug
{
    public const int MaxLength = 18;

    /// <summary>First path segments that belong to the portal itself, and host labels with a meaning of their own.</summary>
    private static readonly HashSet<string> Reserved =
    [
        "account", "activity", "admin", "api", "apps", "auth", "events", "flows", "git", "health", "healthz", "help", "hooks",
        "invitations", "internal", "invite", "join", "link", "lib", "js", "css", "fonts", "me", "metrics", "new", "openapi", "portal",
        "readyz", "settings", "setup", "sign-in", "sign-out", "team", "teams", "webhooks", "www",
    ];

    public static bool IsValid([NotNullWhen(true)] string? text) => Problem(text) is null;

    /// <summary>Null when <paramref name="text"/> is a slug; otherwise the sentence that says what to change.</summary>
    public static string? Problem(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "A name is needed.";
        }
        if (text.Length > MaxLength)
        {
            return $"At most {MaxLength} characters; this has {text.Length}.";
        }
        if (text[0] is < 'a' or > 'z')
        {
            return "Start with a letter from a to z.";
        }
        if (text.Any(c => c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-')))
        {
            return "Use only a–z, 0–9 and hyphens.";
        }
        if (text.Contains("--", StringComparison.Ordinal) || text[^1] == '-')
        {
            return "Hyphens stand alone between letters or digits.";
        }
        return null;
    }

    /// <summary>As <see cref="Problem"/>, and refuses names that the portal's own addresses use.</summary>
    public static string? ProblemForTeam(string? text) =>
        Problem(text) ?? (Reserved.Contains(text!) ? $"“{text}” is a word that the portal uses itself; choose another." : null);

    /// <summary>As <see cref="Problem"/>, and refuses names that would hide a page of the team.</summary>
    public static string? ProblemForApp(string? text) =>
        Problem(text) ?? (text is "new" or "activity" or "team" or "flows" or "events" or "settings" or "apps" ? $"“{text}” is a page of the team; choose another." : null);

    /// <summary>The nearest slug to what a person typed, for prefilling a form; may be empty.</summary>
    public static string Suggest(string? text)
    {
        var slug = new StringBuilder();
        foreach (var c in (text ?? "").Normalize(NormalizationForm.FormD).ToLowerInvariant())
        {
            if (c is (>= 'a' and <= 'z') or (>= '0' and <= '9'))
            {
                if (slug.Length > 0 || char.IsLetter(c))
                {
                    slug.Append(c);
                }
            }
            else if (slug.Length > 0 && slug[^1] != '-' && (c is '-' or '_' or '.' or ' ' or '/'))
            {
                slug.Append('-');
            }
        }
        return slug.ToString(0, Math.Min(slug.Length, MaxLength)).TrimEnd('-');
    }
}
