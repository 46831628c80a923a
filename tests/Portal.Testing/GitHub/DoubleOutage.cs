using Microsoft.AspNetCore.Http;

namespace Portal.Testing.GitHub;

/// <summary>Bad days: errors, answers that come late or not at all, connections that break.</summary>
public sealed class DoubleOutage
{
    private readonly Lock _gate = new();
    private readonly CancellationToken _end;
    private Trouble? _trouble;
    private TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal DoubleOutage(CancellationToken end) => _end = end;

    /// <summary>The next requests are answered with 502, 503 or any other status and a page that is not JSON.</summary>
    /// <param name="path">Only requests whose path contains it, e.g. "/api/v3/" or ".git/".</param>
    public void Answer(int status, int times = int.MaxValue, string path = "/") => Begin(new Trouble(status, null, times, path));

    /// <summary>The next requests are closed in the middle, without an answer.</summary>
    public void Reset(int times = int.MaxValue, string path = "/") => Begin(new Trouble(0, null, times, path));

    /// <summary>The next requests are answered, but only after this true time.</summary>
    public void Slow(TimeSpan delay, int times = int.MaxValue, string path = "/") => Begin(new Trouble(0, delay, times, path));

    /// <summary>The next requests wait for <see cref="End"/>; the task ends when the first of them has come.</summary>
    public Task Hang(int times = int.MaxValue, string path = "/")
    {
        Begin(new Trouble(0, Timeout.InfiniteTimeSpan, times, path));
        lock (_gate)
        {
            return _arrived.Task;
        }
    }

    /// <summary>All is well again, also for those who wait.</summary>
    public void End()
    {
        lock (_gate)
        {
            _trouble = null;
            _freed.TrySetResult();
        }
    }

    /// <summary>True: the request has got its answer, or none.</summary>
    internal async Task<bool> InterfereAsync(HttpContext http)
    {
        Trouble trouble;
        Task freed;
        lock (_gate)
        {
            if (_trouble is null || _trouble.Left <= 0 || http.Request.Path.Value?.Contains(_trouble.Path, StringComparison.Ordinal) != true)
            {
                return false;
            }
            trouble = _trouble;
            trouble.Left--;
            freed = _freed.Task;
            _arrived.TrySetResult();
        }
        if (trouble.Delay is { } delay)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _end);
            await Task.WhenAny(freed.WaitAsync(waiting.Token), After(delay, waiting.Token));
            return false;
        }
        if (trouble.Status == 0)
        {
            http.Abort();
            return true;
        }
        http.Response.StatusCode = trouble.Status;
        http.Response.ContentType = "text/html; charset=utf-8";
        await http.Response.WriteAsync("<html><body><h1>Unicorn!</h1><p>We had issues producing the response to your request.</p></body></html>");
        return true;
    }

    private static async Task After(TimeSpan delay, CancellationToken token)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(token);
        timer.CancelAfter(delay);
        await Task.Delay(Timeout.Infinite, timer.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void Begin(Trouble trouble)
    {
        lock (_gate)
        {
            _freed.TrySetResult();
            (_trouble, _freed, _arrived) = (trouble, new(TaskCreationOptions.RunContinuationsAsynchronously), new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }

    private sealed class Trouble(int status, TimeSpan? delay, int left, string path)
    {
        public int Status => status;

        public TimeSpan? Delay => delay;

        public int Left { get; set; } = left;

        public string Path => path;
    }
}
