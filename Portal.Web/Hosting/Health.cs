using System.Net;
using Portal.Core.Data;

namespace Portal.Web.Hosting;

/// <summary>Doors for whoever watches the process: alive, ready, measured. None needs a person to sign in.</summary>
internal static class Health
{
    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/healthz", () => Results.Text("ok")).ExcludeFromDescription().DisableRateLimiting().AllowAnonymous();
        app.MapGet("/readyz", ReadyAsync).ExcludeFromDescription().DisableRateLimiting().AllowAnonymous();
        app.MapPrometheusScrapingEndpoint("/metrics").AllowAnonymous()
            .Add(endpoint => endpoint.RequestDelegate = OnlyForWatchers(endpoint.RequestDelegate!));
    }

    private static async Task<IResult> ReadyAsync(Readiness readiness, CancellationToken cancellationToken) =>
        await readiness.ProblemAsync(cancellationToken) is { } problem
            ? Results.Problem(statusCode: StatusCodes.Status503ServiceUnavailable, title: "Not ready", detail: problem)
            : Results.Text("ready");

    /// <summary>Measurements tell how busy whom is: the machine itself and signed-in admins may read them.</summary>
    private static RequestDelegate OnlyForWatchers(RequestDelegate metrics) => context =>
        (context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)) || context.User.HasClaim("portal:admin", "true")
            ? metrics(context)
            : Results.NotFound().ExecuteAsync(context);
}

/// <summary>Ready: the database answers and its schema is at least what this host needs. Asked at most once a second.</summary>
internal sealed class Readiness(SchemaCheck schema, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    /// <summary>A database that hangs is as bad as none, and whoever asks here does not wait long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim _one = new(1);
    private string? _problem;
    private long _askedAt;

    public async Task<string?> ProblemAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_askedAt == 0 || time.GetElapsedTime(_askedAt) > Fresh)
            {
                _problem = await AskAsync(cancellationToken);
                _askedAt = time.GetTimestamp();
            }
            return _problem;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<string?> AskAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await schema.ProblemAsync(either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return "The database does not answer.";
        }
    }
}
