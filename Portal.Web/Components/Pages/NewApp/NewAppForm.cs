using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Git.GitHub;

namespace Portal.Web.Components.Pages.NewApp;

/// <summary>Where the code of a new app is.</summary>
public enum CodeChoice
{
    /// <summary>It is pushed to Portal.</summary>
    Portal,

    /// <summary>A repository that a connected GitHub offers.</summary>
    GitHub,

    /// <summary>At any git address.</summary>
    Git,

    /// <summary>It comes with Portal.</summary>
    Sample,
}

/// <summary>The three decisions of a new app, each with a sensible default, and what they lead to.</summary>
public sealed class NewAppForm
{
    public string Name { get; set; } = "";

    public CodeChoice Code { get; set; } = CodeChoice.Portal;

    /// <summary>Id of the chosen sample.</summary>
    public string? Sample { get; set; }

    public string Url { get; set; } = "";

    /// <summary>A person's token for a private https address.</summary>
    public string Token { get; set; } = "";

    /// <summary>The one that was picked.</summary>
    public RepositoryRow? Repository { get; private set; }

    public string Branch { get; set; } = "";

    public string Directory { get; set; } = "";

    public DeployTrigger DeployOn { get; set; } = DeployTrigger.Push;

    public string TagPattern { get; set; } = "v*";

    public string Cron { get; set; } = "0 6 * * 1-5";

    public string TimeZone { get; set; } = "UTC";

    public string Paths { get; set; } = "";

    /// <summary>What the person set over the detected commands; blank leaves what was detected.</summary>
    public string Install { get; set; } = "";

    public string Build { get; set; } = "";

    public string Start { get; set; } = "";

    /// <summary>The name follows the address until it is typed by hand.</summary>
    public bool NameTouched { get; set; }

    public void SetUrl(string url)
    {
        Url = url.Trim();
        SuggestName(Url);
    }

    /// <summary>Another repository has other branches.</summary>
    public void SetRepository(RepositoryRow? repository)
    {
        Repository = repository;
        Branch = "";
        SuggestName(repository?.FullName ?? "");
    }

    /// <summary>What to look at; null while it is not known.</summary>
    public CodeAddress? Address => Code switch
    {
        CodeChoice.Git => new CodeAddress(Url, Token: NullIfBlank(Token)),
        CodeChoice.GitHub when Repository is { } picked => new CodeAddress(null, picked.FullName, picked.ConnectionId),
        _ => null,
    };

    private void SuggestName(string address)
    {
        if (!NameTouched)
        {
            var last = address.TrimEnd('/').Split('/', ':')[^1];
            Name = Slug.Suggest(last.EndsWith(".git", StringComparison.Ordinal) ? last[..^4] : last);
        }
    }

    /// <summary>The name follows the sample until it is typed by hand.</summary>
    public void SetSample(string id)
    {
        Sample = id;
        if (!NameTouched)
        {
            Name = id;
        }
    }

    /// <summary>By field, as the services name them; empty when it can be sent.</summary>
    public IReadOnlyDictionary<string, string> Problems(GitOptions git)
    {
        var problems = new Dictionary<string, string>();
        Add("name", Slug.ProblemForApp(Name));
        if (Code == CodeChoice.Git)
        {
            Add("source.url", SourceRules.UrlProblem(Url, git));
            Add("source.token", SourceRules.TokenProblem(Token.Trim(), Url));
        }

        if (Code == CodeChoice.GitHub)
        {
            Add("source.repository", Repository is null ? "Pick a repository." : null);
        }

        if (Code == CodeChoice.Sample)
        {
            Add("source.sample", Sample is null ? "Choose a sample." : null);
        }
        else
        {
            Add("source.branch", SourceRules.BranchProblem(Branch));
            Add("source.directory", SourceRules.DirectoryProblem(Directory));
        }

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

    public Core.Apps.NewApp Request => Code == CodeChoice.Sample
        ? new(Name, SourceKind.Portal, DeployOn: [Rule], PlanOverrides: Overrides)
        : new(Name, Code switch { CodeChoice.Git => SourceKind.Git, CodeChoice.GitHub => SourceKind.GitHub, _ => SourceKind.Portal }, Code == CodeChoice.Git ? Url : null, NullIfBlank(Branch), NullIfBlank(Directory), [Rule],
            Code == CodeChoice.Portal ? null : Overrides, Code == CodeChoice.GitHub ? Repository?.FullName : null, Code == CodeChoice.GitHub ? Repository?.ConnectionId : null,
            Code == CodeChoice.Git ? NullIfBlank(Token) : null);

    private string? Overrides
    {
        get
        {
            var set = new PlanOverrides { Install = NullIfBlank(Install), Build = NullIfBlank(Build), Start = NullIfBlank(Start) };
            return set == new PlanOverrides() ? null : CoreJson.Write(set);
        }
    }

    internal static IReadOnlyList<string> Lines(string text) =>
        text.Split(['\n', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string? NullIfBlank(string text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
