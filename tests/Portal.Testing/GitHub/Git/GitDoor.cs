using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Portal.Testing.GitHub;

/// <summary>git's smart HTTP at <c>/{owner}/{name}.git</c>; a push through it is told to the apps.</summary>
internal sealed class GitDoor(GitHubDouble github)
{
    public async Task ServeAsync(HttpContext http, string owner, string name, string file)
    {
        var state = github.State;
        var service = file == "info/refs" ? http.Request.Query["service"].ToString() : file;
        if (service is not ("git-upload-pack" or "git-receive-pack") || HttpMethods.IsGet(http.Request.Method) != (file == "info/refs"))
        {
            await RefuseAsync(http, new Refusal(403, "Please upgrade your git client. GitHub no longer supports git over dumb-http."));
            return;
        }
        var writes = service == "git-receive-pack";
        DoubleRepository? repository;
        DoubleAccount? pusher;
        Refusal? refusal;
        lock (state.Gate)
        {
            repository = state.Repository($"{owner}/{(name.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? name[..^4] : name)}", out var former);
            var (caller, wrong) = github.Authentication.OfGit(http);
            http.Items[GitHubDouble.CallerItem] = caller.Kind;
            pusher = caller.Actor;
            refusal = Decide(caller, wrong, repository, writes);
            if (refusal is null && former)
            {
                http.Response.Headers.Location = $"{state.Url}{repository!.FullName}.git/{file}{http.Request.QueryString}";
                refusal = new Refusal(301, "");
            }
        }
        if (refusal is not null)
        {
            await RefuseAsync(http, refusal);
            return;
        }
        await repository!.Git.EnsureAsync();
        if (file != "git-receive-pack")
        {
            await BackendAsync(http, repository, file);
            return;
        }
        await repository.Git.Writing.WaitAsync(http.RequestAborted);
        try
        {
            var before = await repository.Git.RefsAsync();
            try
            {
                await BackendAsync(http, repository, file);
            }
            finally
            {
                // What was received stays received when the one who pushed has left.
                await github.Pushes.AnnounceAsync(repository, before, pusher!);
            }
        }
        finally
        {
            repository.Git.Writing.Release();
        }
    }

    private static Refusal? Decide(Caller caller, Answer? wrong, DoubleRepository? repository, bool writes)
    {
        if (wrong is not null)
        {
            return wrong.Status == 401
                ? new Refusal(401, "Invalid username or token. Password authentication is not supported for Git operations.")
                : new Refusal(wrong.Status, wrong.Message);
        }
        var seen = repository is not null && caller.Sees(repository);
        if (caller.Kind == CallerKind.Anonymous && (!seen || writes))
        {
            return new Refusal(401, "No anonymous access.");
        }
        if (!seen)
        {
            return new Refusal(404, "Repository not found.");
        }
        if (writes && repository!.IsArchived)
        {
            return new Refusal(403, "This repository was archived so it is read-only.");
        }
        // GitHub says "Write" of reading too.
        return caller.Level(repository!, "contents") < (writes ? Level.Write : Level.Read) ? new Refusal(403, "Write access to repository not granted.") : null;
    }

    private static async Task RefuseAsync(HttpContext http, Refusal refusal)
    {
        if (refusal.Status == 401)
        {
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"GitHub\"";
        }
        http.Response.StatusCode = refusal.Status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(refusal.Text);
    }

    private static async Task BackendAsync(HttpContext http, DoubleRepository repository, string file)
    {
        var start = GitProcess.Start(null, ["http-backend"]);
        foreach (var (name, value) in new Dictionary<string, string?>
        {
            ["GIT_PROJECT_ROOT"] = Path.GetDirectoryName(repository.Git.Folder),
            ["GIT_HTTP_EXPORT_ALL"] = "1",
            ["PATH_INFO"] = $"/{Path.GetFileName(repository.Git.Folder)}/{file}",
            ["QUERY_STRING"] = http.Request.QueryString.Value?.TrimStart('?'),
            ["REQUEST_METHOD"] = http.Request.Method,
            ["CONTENT_TYPE"] = http.Request.ContentType,
            ["HTTP_CONTENT_ENCODING"] = http.Request.Headers.ContentEncoding,
            ["GIT_PROTOCOL"] = http.Request.Headers["Git-Protocol"],
        })
        {
            start.Environment[name] = value ?? "";
        }
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start.");
        await using var kill = http.RequestAborted.Register(() => Kill(git));
        var error = git.StandardError.ReadToEndAsync();
        var feeding = FeedAsync(http, git);
        var output = git.StandardOutput.BaseStream;
        foreach (var line in await HeaderAsync(output))
        {
            var (name, value) = line.Split(": ", 2) is [var n, var v] ? (n, v) : (line, "");
            if (name == "Status")
            {
                http.Response.StatusCode = int.Parse(value.AsSpan(0, 3), CultureInfo.InvariantCulture);
            }
            else if (name is "Content-Type" or "Cache-Control")
            {
                http.Response.Headers[name] = value;
            }
        }
        await output.CopyToAsync(http.Response.Body);
        await feeding;
        await git.WaitForExitAsync();
        await error;
    }

    private static async Task FeedAsync(HttpContext http, Process git)
    {
        try
        {
            await http.Request.Body.CopyToAsync(git.StandardInput.BaseStream);
            git.StandardInput.Close();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It has read enough, or the client left.
        }
    }

    private static async Task<string[]> HeaderAsync(Stream output)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < 16_384 && await output.ReadAsync(one) == 1)
        {
            head.Add(one[0]);
            if (head is [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'])
            {
                break;
            }
        }
        return Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
    }

    private static void Kill(Process git)
    {
        try
        {
            git.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself.
        }
    }

    private sealed record Refusal(int Status, string Text);
}
