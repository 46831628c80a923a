using Portal.Core.Apps;
using Portal.Core.Common;

namespace Portal.Web.Components.Pages.NewApp;

/// <summary>The three decisions of a new app, each with a sensible default, and what they lead to.</summary>
public sealed class NewAppForm
{
    public string Name { get; set; } = "";

    public SourceKind Source { get; set; } = SourceKind.Portal;

    public string Url { get; set; } = "";

    public string Branch { get; set; } = "";

    public string Directory { get; set; } = "";

    public DeployTrigger DeployOn { get; set; } = DeployTrigger.Push;

    public string TagPattern { get; set; } = "v*";

    public string Cron { get; set; } = "0 6 * * 1-5";

    public string TimeZone { get; set; } = "UTC";

    public string Paths { get; set; } = "";

    /// <summary>The name follows the address until it is typed by hand.</summary>
    public bool NameTouched { get; set; }

    public void SetUrl(string url)
    {
        Url = url.Trim();
        if (!NameTouched)
        {
            var last = Url.TrimEnd('/').Split('/', ':')[^1];
            Name = Slug.Suggest(last.EndsWith(".git", StringComparison.Ordinal) ? last[..^4] : last);
        }
    }

    /// <summary>By field, as the services name them; empty when it can be sent.</summary>
    public IReadOnlyDictionary<string, string> Problems()
    {
        var problems = new Dictionary<string, string>();
        Add("name", Slug.ProblemForApp(Name));
        if (Source == SourceKind.Git)
        {
            Add("source.url", SourceRules.UrlProblem(Url));
        }

        Add("source.branch", SourceRules.BranchProblem(Branch));
        Add("source.directory", SourceRules.DirectoryProblem(Directory));
        Add("deployOn", SourceRules.RuleProblem(Rule));
        return problems;

        void Add(string field, string? problem)
        {
            if (problem is not null)
            {
                problems[field] = problem;
            }
        }
    }

    public DeployRule Rule => new()
    {
        On = DeployOn,
        Pattern = DeployOn == DeployTrigger.Tag ? TagPattern.Trim() : null,
        Cron = DeployOn == DeployTrigger.Schedule ? Cron.Trim() : null,
        TimeZone = DeployOn == DeployTrigger.Schedule ? TimeZone.Trim() : null,
        Paths = DeployOn == DeployTrigger.Push ? Lines(Paths) : [],
    };

    public Core.Apps.NewApp Request => new(Name, Source, Source == SourceKind.Git ? Url : null, NullIfBlank(Branch), NullIfBlank(Directory), [Rule]);

    internal static IReadOnlyList<string> Lines(string text) =>
        text.Split(['\n', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string? NullIfBlank(string text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
