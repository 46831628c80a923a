namespace Portal.Testing.GitHub;

/// <summary>A pull request, from a branch of the same repository or of a fork.</summary>
public sealed class DoublePullRequest
{
    internal DoublePullRequest(long id, int number, DoubleRepository repository, DoubleRepository? head, string headBranch, string baseBranch)
    {
        Id = id;
        Number = number;
        Repository = repository;
        Head = head;
        HeadBranch = headBranch;
        BaseBranch = baseBranch;
    }

    public long Id { get; }

    public int Number { get; }

    public DoubleRepository Repository { get; }

    /// <summary>Null when the fork was deleted.</summary>
    public DoubleRepository? Head { get; internal set; }

    public string HeadBranch { get; }

    public string BaseBranch { get; }

    public string HeadSha { get; internal set; } = "";

    public string BaseSha { get; internal set; } = "";

    public string Title { get; internal init; } = "";

    public bool IsOpen => ClosedAt is null;

    public bool IsMerged => MergedAt is not null;

    internal bool Draft { get; init; }

    internal DoubleAccount Author { get; init; } = null!;

    internal DateTimeOffset CreatedAt { get; init; }

    internal DateTimeOffset UpdatedAt { get; set; }

    internal DateTimeOffset? ClosedAt { get; set; }

    internal DateTimeOffset? MergedAt { get; set; }

    internal DoubleAccount? MergedBy { get; set; }

    /// <summary>The try-out merge of an open one, null when it conflicts; the real one after merging.</summary>
    internal string? MergeSha { get; set; }

    internal List<string> Labels { get; } = [];

    // The owner's login of when it was opened: what GitHub shows of a fork that is gone.
    internal string HeadOwner { get; init; } = "";
}

/// <summary>A comment on a pull request, as GitHub's issues keep it.</summary>
internal sealed class DoubleComment(long id, int number, DoubleAccount author, DoubleApp? app, string body, DateTimeOffset now)
{
    public long Id => id;

    public int Number => number;

    public DoubleAccount Author => author;

    public DoubleApp? App => app;

    public string Body { get; set; } = body;

    public DateTimeOffset CreatedAt { get; } = now;

    public DateTimeOffset UpdatedAt { get; set; } = now;
}
