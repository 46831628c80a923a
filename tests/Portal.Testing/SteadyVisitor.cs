namespace Portal.Testing;

/// <summary>Asks an app again and again until stopped, and remembers every answer that was not 200.</summary>
public sealed class SteadyVisitor : IDisposable
{
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _visiting;
    private readonly List<string> _failures = [];
    private int _answered;

    public int Answered => Volatile.Read(ref _answered);

    public SteadyVisitor(HttpClient client)
    {
        _client = client;
        _visiting = VisitAsync();
    }

    public async Task<(int Answered, IReadOnlyList<string> Failures)> StopAsync()
    {
        await _stop.CancelAsync();
        await _visiting;
        return (_answered, _failures);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        _client.Dispose();
    }

    private async Task VisitAsync()
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var answer = await _client.GetAsync("/");
                if (!answer.IsSuccessStatusCode)
                {
                    _failures.Add($"{(int)answer.StatusCode}");
                }
                _answered++;
                await pace.WaitForNextTickAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                _failures.Add(e.Message);
            }
        }
    }
}
