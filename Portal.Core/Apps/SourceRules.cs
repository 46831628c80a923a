using Portal.Core.Common;

namespace Portal.Core.Apps;

/// <summary>What a person may enter as source, folder, branch and path filter: pure checks, each null or a sentence.</summary>
public static class SourceRules
{
    /// <summary>https or ssh, http only where an admin allows it; no credentials inside, nothing that git would take as an option or a helper.</summary>
    public static string? UrlProblem(string? url, GitOptions options)
    {
        if (string.IsNullOrWhiteSpace(url))
        {
            return "A git address is needed.";
        }
        return RepositoryAddress.TryParse(url, options, out _, out var problem) ? null : problem;
    }

    /// <summary>Null or "" is none.</summary>
    public static string? TokenProblem(string? token, string? url) =>
        string.IsNullOrEmpty(token) ? null
        : token.Length > 500 || token.Any(c => c is <= ' ' or > '~') ? "An access token has at most 500 characters and no spaces."
        : url?.StartsWith("http", StringComparison.OrdinalIgnoreCase) != true ? "An access token is for https:// addresses; an ssh:// address is read with the deploy key."
        : null;

    /// <summary><c>owner/name</c>, as GitHub allows it.</summary>
    public static string? RepositoryProblem(string? repository) =>
        repository is { Length: <= 200 } && repository.Split('/') is [{ Length: > 0 } owner, { Length: > 0 } name]
            && (owner + name).All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name is not ("." or "..") ? null : "Name the repository with its owner, such as acme/shop.";

    /// <summary>A folder inside the repository; "" is all of it.</summary>
    public static string? DirectoryProblem(string? directory)
    {
        if (string.IsNullOrEmpty(directory))
        {
            return null;
        }
        if (directory.Length > 200 || directory.StartsWith('/') || directory.Contains('\\', StringComparison.Ordinal) || directory.Any(char.IsControl)
            || directory.Split('/').Any(part => part is "" or "." or ".." or ".git"))
        {
            return "Name a folder inside the repository, such as services/api, without “..”.";
        }
        return null;
    }

    /// <summary>A short branch name by git's own rules (git check-ref-format).</summary>
    public static string? BranchProblem(string? branch)
    {
        if (string.IsNullOrEmpty(branch))
        {
            return null;
        }
        var bad = branch.Length > 200 || branch.StartsWith('-') || branch.StartsWith('/') || branch.EndsWith('/') || branch.EndsWith('.')
            || branch.EndsWith(".lock", StringComparison.Ordinal) || branch.Contains("..", StringComparison.Ordinal) || branch.Contains("//", StringComparison.Ordinal)
            || branch.Contains("@{", StringComparison.Ordinal) || branch.StartsWith("refs/", StringComparison.Ordinal)
            || branch.Any(c => char.IsControl(c) || c is ' ' or '~' or '^' or ':' or '?' or '*' or '[' or '\\');
        return bad ? "This is no branch name; use one such as main or release/2.x." : null;
    }

    public static string? RuleProblem(DeployRule rule)
    {
        if (rule.Paths.Count > 20 || rule.Paths.Any(p => p.Length is 0 or > 200))
        {
            return "At most 20 path filters of at most 200 characters each.";
        }
        return rule.On switch
        {
            DeployTrigger.PullRequest => "Pull requests have previews; turn those on instead.",
            DeployTrigger.Tag when string.IsNullOrEmpty(rule.Pattern) || rule.Pattern.Length > 100 => "A tag pattern such as v* is needed.",
            DeployTrigger.Schedule when !Cronos.CronExpression.TryParse(rule.Cron ?? "", out _) => "The schedule needs five cron fields, such as 0 6 * * 1-5.",
            DeployTrigger.Schedule when rule.TimeZone is { Length: > 0 } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _) => $"“{rule.TimeZone}” is no time zone; use one such as Europe/Berlin.",
            _ => null,
        };
    }
}
