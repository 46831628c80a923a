using Portal.Core.Common;
using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Diagnosis;

namespace Portal.Core.Tests.Runtimes.Diagnosis;

public sealed class StartDiagnosisTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    internal static Workload Workload(int version = 13, string? health = null, int memoryMb = 256) => new()
    {
        Key = new WorkloadKey(Guid.NewGuid(), version),
        Label = "team/app",
        Artifact = "/artifact",
        Processes = [new WorkloadProcess("web", "start", null, false, 2)],
        Variables = new Dictionary<string, string>(),
        MemoryMb = memoryMb,
        HealthPath = health,
    };

    internal static InstanceObservation Instance(Workload workload, InstanceState state, InstanceExit? exit = null, int restarts = 0, int? port = 20417, int[]? listening = null, int? health = null) => new()
    {
        Id = "web-1-7f3a",
        Key = workload.Key,
        Process = "web",
        State = state,
        LastExit = exit,
        Restarts = restarts,
        Port = port,
        ListeningPorts = listening ?? [],
        HealthStatus = health,
    };

    internal static InstanceExit Exit(int? code, string output = "", int? signal = null, bool outOfMemory = false) =>
        new(code, signal, outOfMemory, TimeSpan.FromSeconds(0.4), DateTimeOffset.UnixEpoch, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));

    private static Status Crashed(InstanceExit exit, int? serving = 12)
    {
        var workload = Workload();
        return StartDiagnosis.Of(workload, [Instance(workload, InstanceState.Crashed, exit, restarts: 1)], TimeSpan.FromSeconds(2), Limit, serving);
    }

    [Fact]
    public void An_unknown_end_is_told_with_code_time_and_last_line()
    {
        var status = Crashed(Exit(1, "connecting\nboom: the flux is off\n"));

        Assert.Equal("v13 did not start: it exited with code 1 after 0.4 s; the last line was “boom: the flux is off”; v12 still serves", status.Title);
        Assert.Equal(["connecting", "boom: the flux is off"], status.Evidence);
        Assert.Equal(Severity.Error, status.Severity);
    }

    [Fact]
    public void Without_an_older_release_nothing_is_said_to_serve() =>
        Assert.Equal("v13 did not start: it exited with code 2 after 0.4 s; it wrote nothing", Crashed(Exit(2), serving: null).Title);

    [Theory]
    [InlineData("KeyError: 'STRIPE_KEY'", "the variable STRIPE_KEY is missing", "add-variable:STRIPE_KEY")]
    [InlineData("Error: STRIPE_KEY is not defined\n    at Object.<anonymous> (/app/d.js:1:49)\n\nNode.js v20.20.2", "the variable STRIPE_KEY is missing", "add-variable:STRIPE_KEY")]
    [InlineData("Unhandled exception. System.InvalidOperationException: Missing required environment variable STRIPE_KEY\n   at Program.<Main>$(String[] args)", "the variable STRIPE_KEY is missing", "add-variable:STRIPE_KEY")]
    [InlineData("Exception in thread \"main\" java.lang.IllegalStateException: Required environment variable DATABASE_URL is not set\n\tat Main.main(Main.java:1)", "the variable DATABASE_URL is missing", "add-variable:DATABASE_URL")]
    [InlineData("main.rb:1:in `fetch': key not found: \"API_TOKEN\" (KeyError)", "the variable API_TOKEN is missing", "add-variable:API_TOKEN")]
    [InlineData("2026/01/02 03:04:05 required key API_TOKEN missing value", "the variable API_TOKEN is missing", "add-variable:API_TOKEN")]
    [InlineData("sh: 1: REDIS_URL: parameter not set", "the variable REDIS_URL is missing", "add-variable:REDIS_URL")]
    [InlineData("Error: process.env.SESSION_SECRET is undefined", "the variable SESSION_SECRET is missing", "add-variable:SESSION_SECRET")]
    [InlineData("django.core.exceptions.ImproperlyConfigured: Set the SECRET_KEY environment variable", "the variable SECRET_KEY is missing", "add-variable:SECRET_KEY")]
    [InlineData("panic: SMTP_HOST must be set", "the variable SMTP_HOST is missing", "add-variable:SMTP_HOST")]
    [InlineData("KeyError: 'PORT'", "it does not find PORT", null)]
    [InlineData("Error: Cannot find module 'express'\nRequire stack:\n- /app/a.js", "express is not installed", null)]
    [InlineData("Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'express' imported from /app/b.mjs", "express is not installed", null)]
    [InlineData("Error: Cannot find module '/app/nope.js'\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)", "the file /app/nope.js is not there", null)]
    [InlineData("Traceback (most recent call last):\n  File \"/app/b.py\", line 1, in <module>\n    import flask\nModuleNotFoundError: No module named 'flask'", "flask is not installed", null)]
    [InlineData("python3: can't open file '/app/nope.py': [Errno 2] No such file or directory", "the file /app/nope.py is not there", null)]
    [InlineData("Error: Unable to access jarfile app.jar", "the file app.jar is not there", null)]
    [InlineData("Error: Could not find or load main class Nope\nCaused by: java.lang.ClassNotFoundException: Nope", "the class Nope was not found", null)]
    [InlineData("  File \"/app/c.py\", line 1\n    def f(:\n          ^\nSyntaxError: invalid syntax", "the code has an error (SyntaxError)", null)]
    [InlineData("/app/e.js:2\n\n\n\nSyntaxError: Unexpected end of input\n    at wrapSafe (node:internal/modules/cjs/loader:1464:18)", "the code has an error (SyntaxError)", null)]
    [InlineData("Error: listen EADDRINUSE: address already in use :::5999\n    at Server.setupListenHandle [as _listen2] (node:net:1908:16)", "the port it wants is taken", null)]
    [InlineData("OSError: [Errno 98] Address already in use", "the port it wants is taken", null)]
    [InlineData("Error: connect ECONNREFUSED 127.0.0.1:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)", "nothing answers at 127.0.0.1:5432, where it wants to connect to", null)]
    [InlineData("ConnectionRefusedError: [Errno 111] Connection refused", "what it wants to connect to refused the connection", null)]
    [InlineData("Error: getaddrinfo ENOTFOUND db.internal", "the host db.internal is not known", null)]
    [InlineData("FATAL:  password authentication failed for user \"shop\"", "the database refused its name or password", null)]
    [InlineData("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack trace -----\n\n 1: 0xb78db3 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]", "it ran out of memory", "memory:512")]
    [InlineData("Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space\n\tat Main.main(Main.java:1)", "it ran out of memory", "memory:512")]
    [InlineData("OSError: [Errno 28] No space left on device", "no disk space is left", "retry")]
    [InlineData("npm error Missing script: \"start\"\nnpm error\nnpm error Did you mean one of these?", "package.json has no script “start”", null)]
    public void What_the_last_lines_tell_is_the_cause(string output, string cause, string? action)
    {
        var status = Crashed(Exit(1, output));

        Assert.Equal($"v13 did not start: {cause}; v12 still serves", status.Title);
        Assert.Equal(action, status.Actions.SingleOrDefault()?.Id);
        Assert.Contains("exited with code 1 after 0.4 s", status.Detail, StringComparison.Ordinal);
        Assert.NotEqual("", status.Next);
    }

    [Theory]
    [InlineData(127, "sh: 1: gunicorn: not found", "the command gunicorn was not found")]
    [InlineData(127, "sh: 1: ./nope: not found", "the command ./nope was not found")]
    [InlineData(127, "bash: line 1: gunicorn: command not found", "the command gunicorn was not found")]
    [InlineData(126, "sh: 1: ./a.py: Permission denied", "./a.py may not be executed")]
    [InlineData(0, "done", "it ended by itself after 0.4 s")]
    public void The_exit_code_tells_what_the_shell_means(int code, string output, string cause) =>
        Assert.Equal($"v13 did not start: {cause}; v12 still serves", Crashed(Exit(code, output)).Title);

    [Theory]
    [InlineData("KeyError: 'id'")]
    [InlineData("HTTP 404 is not found in the list")]
    [InlineData("INFO starting")]
    [InlineData("the total was 12 not 13")]
    public void Ordinary_lines_are_no_cause(string line) =>
        Assert.Contains("exited with code 1", Crashed(Exit(1, line)).Title, StringComparison.Ordinal);

    [Fact]
    public void Over_its_memory_offers_twice_as_much()
    {
        var status = Crashed(Exit(null, "working", signal: 9, outOfMemory: true));

        Assert.Equal("v13 did not start: it used more than its 256 MB of memory; v12 still serves", status.Title);
        Assert.Equal("memory:512", Assert.Single(status.Actions).Id);
    }

    [Fact]
    public void Listening_elsewhere_offers_that_port()
    {
        var workload = Workload();
        var status = StartDiagnosis.Of(workload, [Instance(workload, InstanceState.Starting, listening: [3000])], Limit, Limit, 12);

        Assert.Equal("v13 did not start: it listens on port 3000, not on the port in PORT; v12 still serves", status.Title);
        Assert.Equal("use-port:3000", Assert.Single(status.Actions).Id);
    }

    [Fact]
    public void Listening_nowhere_says_so()
    {
        var workload = Workload();
        var status = StartDiagnosis.Of(workload, [Instance(workload, InstanceState.Starting)], Limit, Limit, null);

        Assert.Equal("v13 did not start: it did not answer within 60 s", status.Title);
        Assert.Contains("20417", status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500, "its health path /health answers 500")]
    [InlineData(404, "its health path /health answers 404 (not found)")]
    [InlineData(401, "its health path /health answers 401 (not allowed)")]
    [InlineData(0, "it accepts connections but does not answer /health")]
    public void A_health_path_that_answers_badly_is_named(int answer, string cause)
    {
        var workload = Workload(health: "/health");
        var status = StartDiagnosis.Of(workload, [Instance(workload, InstanceState.Starting, health: answer)], Limit, Limit, 12);

        Assert.Equal($"v13 did not start: {cause}; v12 still serves", status.Title);
    }

    [Fact]
    public void Only_a_second_end_is_hopeless()
    {
        var workload = Workload();
        Assert.False(StartDiagnosis.IsHopeless([Instance(workload, InstanceState.Starting)], TimeSpan.FromSeconds(1)));
        Assert.False(StartDiagnosis.IsHopeless([Instance(workload, InstanceState.Crashed, Exit(1))], TimeSpan.FromSeconds(1)));
        Assert.True(StartDiagnosis.IsHopeless([Instance(workload, InstanceState.Crashed, Exit(1), restarts: 1)], TimeSpan.FromSeconds(1)));
        Assert.True(StartDiagnosis.IsHopeless([Instance(workload, InstanceState.Starting, Exit(1), restarts: 2)], TimeSpan.FromSeconds(1)));
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(11, true)]
    public void Listening_elsewhere_for_long_is_hopeless(int seconds, bool hopeless)
    {
        var workload = Workload();
        var instance = Instance(workload, InstanceState.Starting) with { Port = 20_000, ListeningPorts = [3000] };
        Assert.Equal(hopeless, StartDiagnosis.IsHopeless([instance], TimeSpan.FromSeconds(seconds)));
        Assert.False(StartDiagnosis.IsHopeless([instance with { ListeningPorts = [3000, 20_000] }], TimeSpan.FromSeconds(seconds)));
    }

    [Fact]
    public void Output_of_any_shape_is_read_in_time_and_cut()
    {
        var status = Crashed(Exit(1, "Error: Cannot find module '" + new string('a', 100_000) + "'\n" + new string('A', 2_000_000)));

        Assert.True(status.Title.Length < 400);
    }
}
