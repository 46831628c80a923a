namespace Portal.Core.Common;

/// <summary>One page of a list; <paramref name="Next"/> is the opaque cursor of the following page, or null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>What part of a list is asked for. <see cref="Limit"/> is clamped to 1–200.</summary>
public sealed record PageRequest
{
    public const int MaxLimit = 200;

    public PageRequest(string? after = null, int? limit = null)
    {
        After = after;
        Limit = Math.Clamp(limit ?? 50, 1, MaxLimit);
    }

    public string? After { get; }

    public int Limit { get; }
}
