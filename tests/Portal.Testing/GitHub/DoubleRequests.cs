using Microsoft.AspNetCore.Http;

namespace Portal.Testing.GitHub;

/// <param name="Path">With its query, as it was asked.</param>
public sealed record DoubleRequest(DateTimeOffset At, string Method, string Path, int Status, CallerKind Caller);

/// <summary>The requests that came, the newest fifty thousand.</summary>
public sealed class DoubleRequests
{
    private const int Most = 50_000;

    private readonly TimeProvider _time;
    private readonly Queue<DoubleRequest> _requests = new();
    private readonly Queue<Exception> _faults = new();

    internal DoubleRequests(TimeProvider time) => _time = time;

    public IReadOnlyList<DoubleRequest> All
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Errors of the double itself, answered with 500: a test should have none.</summary>
    public IReadOnlyList<Exception> Faults
    {
        get
        {
            lock (_requests)
            {
                return [.. _faults];
            }
        }
    }

    public int Count(Func<DoubleRequest, bool> which) => All.Count(which);

    public void Clear()
    {
        lock (_requests)
        {
            _requests.Clear();
        }
    }

    internal void Add(HttpContext http, string path)
    {
        var kind = http.Items.TryGetValue(GitHubDouble.CallerItem, out var caller) ? (CallerKind)caller! : CallerKind.Anonymous;
        var request = new DoubleRequest(_time.GetUtcNow(), http.Request.Method, path, http.Response.StatusCode, kind);
        lock (_requests)
        {
            _requests.Enqueue(request);
            if (_requests.Count > Most)
            {
                _requests.Dequeue();
            }
        }
    }

    internal void Failed(Exception fault)
    {
        lock (_requests)
        {
            _faults.Enqueue(fault);
            if (_faults.Count > 100)
            {
                _faults.Dequeue();
            }
        }
    }
}
