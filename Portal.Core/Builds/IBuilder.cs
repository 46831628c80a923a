using Portal.Core.Common;

namespace Portal.Core.Builds;

/// <param name="SourceFolder">Plain files of the commit, owned by the build user.</param>
/// <param name="Directory">The app's folder in it, "" for all.</param>
/// <param name="CacheOwner">Whose caches it reads and leaves something in: the app's, but for the code of strangers, which must leave nothing for other builds.</param>
public sealed record BuildInput(Guid BuildId, Guid CacheOwner, string SourceFolder, BuildPlan Plan,
    IReadOnlyDictionary<string, string> Variables, BuildLogWriter Log, Func<string, Task> Step);

/// <summary>Either a location or a failure in words.</summary>
public sealed record BuildOutcome(string? Location, long Bytes, Status? Failure)
{
    public static BuildOutcome Failed(Status failure) => new(null, 0, failure);
}

/// <summary>Source + plan → artifact, with a live log.</summary>
public interface IBuilder
{
    /// <summary>An empty folder for the commit's files; what an earlier attempt left is removed.</summary>
    string PrepareFolder(Guid build);

    Task<BuildOutcome> BuildAsync(BuildInput input, CancellationToken cancellationToken);

    /// <summary>Removes what an unfinished build left behind.</summary>
    void Discard(Guid build);
}
