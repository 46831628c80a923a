using System.Diagnostics;

namespace Portal.Testing;

/// <summary>
/// Waits for a real condition with a deadline: a test that sleeps is either slow or wrong on a busy machine.
/// </summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(25);

    /// <param name="condition">Asked again until it holds.</param>
    /// <param name="what">Named when it never did.</param>
    public static Task True(Func<bool> condition, TimeSpan? deadline = null, string? what = null) =>
        True(() => Task.FromResult(condition()), deadline, what);

    public static async Task True(Func<Task<bool>> condition, TimeSpan? deadline = null, string? what = null, TimeSpan? step = null) =>
        await Value(async () => await condition() ? "" : null, deadline, what, step);

    /// <summary>Returns the first answer that is not null.</summary>
    /// <param name="step">Between two questions: longer where asking costs what is waited for.</param>
    public static async Task<T> Value<T>(Func<Task<T?>> find, TimeSpan? deadline = null, string? what = null, TimeSpan? step = null)
        where T : class
    {
        var limit = deadline ?? DefaultDeadline;
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(step ?? Step);
        while (true)
        {
            if (await find() is { } found)
            {
                return found;
            }
            if (watch.Elapsed > limit)
            {
                throw new TimeoutException($"It did not happen within {limit.TotalSeconds} s: {what ?? "the condition never held"}.");
            }
            await timer.WaitForNextTickAsync();
        }
    }
}
