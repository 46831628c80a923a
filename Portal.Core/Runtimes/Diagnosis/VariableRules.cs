namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>The ways in which programs say that they miss an environment variable.</summary>
internal static class VariableRules
{
    // What people call environment variables: upper case, with an underscore or of at least three letters. Not "KeyError: 'id'".
    private const string Name = "(?<x>[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|[A-Z][A-Z0-9]{2,})";
    private const string IsMissing = "(is |was |has )?(not (been )?(defined|set|provided|configured|found|present|specified)|required|missing|undefined|unset|empty|must be (set|defined|provided|specified))";

    private static readonly string[] Expressions =
    [
        // Python: os.environ["X"]
        $"^KeyError: ['\"]{Name}['\"]$",
        // Ruby: ENV.fetch("X")
        $"key not found: \"{Name}\"",
        // Go, envconfig
        $"required key {Name} missing value",
        // Shell: ${X:?} and set -u
        $"\\b{Name}: (parameter not set|parameter null or not set|unbound variable)",
        // "Missing required environment variable X", "environment variables: X", "Environment variable not found: X", ".NET: Required environment variable 'X'"
        $"([Ee]nvironment|[Ee]nv)[ _-]?([Vv]ariables?|[Vv]ars?)?( named)?( is| are)?( missing| not set| not found| required)?[ :=\\[{{('\"`]+{Name}\\b",
        // zod: "path: [ 'X' ]"
        $"^\\s*\"?path\"?: \\[ ?['\"]{Name}['\"] ?\\]",
        // "X environment variable is not set", "process.env.X is undefined"
        $"\\b{Name}['\"`]? ([Ee]nvironment [Vv]ariable|env var|env)\\b",
        $"process\\.env\\.{Name}",
        // "Error: X is not defined", "X is required", "X must be set"
        $"(^|[:('\"` ]){Name}['\"`)]? {IsMissing}",
    ];

    public static IEnumerable<OutputRule> Each(Func<string, Finding> find) => Expressions.Select(e => new OutputRule(e, find));
}
