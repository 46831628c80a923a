using System.Collections.Concurrent;
using System.Globalization;
using Portal.Core.Common;
using Portal.Core.Runtimes.Diagnosis;
using Portal.Core.Runtimes.Local;

namespace Portal.Core.Builds;

/// <summary>
/// Runs a plan's steps as processes of this machine, in a fresh folder that they see as <c>/app</c>, with a clean
/// environment, as the build user, inside walls where they can be had. The folder itself becomes the artifact, so that
/// nothing is copied.
/// </summary>
public sealed class ProcessBuilder(PortalOptions options, BuildSettings settings, Isolation isolation, TimeProvider time) : IBuilder
{
    private readonly ConcurrentDictionary<string, (DateTimeOffset At, IReadOnlyList<string> Lines)> _answers = new(StringComparer.Ordinal);

    public string PrepareFolder(Guid build)
    {
        var folder = Folder(build);
        Discard(build);
        Directory.CreateDirectory(folder);
        return folder;
    }

    public void Discard(Guid build)
    {
        ControlGroups.RemoveLeft(BuildBounds.GroupOf(build));
        Delete(Folder(build));
        Delete(Folder(build) + ".out");
    }

    public async Task<BuildOutcome> BuildAsync(BuildInput input, CancellationToken cancellationToken)
    {
        var plan = input.Plan;
        var folder = input.SourceFolder;
        if (MissingTool(plan) is { } missing)
        {
            input.Log.Say($"{missing.Detail} {missing.Next}");
            return BuildOutcome.Failed(missing);
        }
        // What holds absolute paths is built where it will run: the app's folder alone is seen at /app.
        var (root, workingFolder) = plan.BoundToPath ? (Path.Combine(folder, plan.Folder), "") : (folder, plan.Folder);
        var caches = await PrepareCachesAsync(input.CacheOwner, plan, root, workingFolder, cancellationToken);
        var environment = Environment(plan, input.Variables, caches);
        if (await WrongVersionAsync(input, cancellationToken) is { } wrong)
        {
            return BuildOutcome.Failed(wrong);
        }
        using var bounds = new BuildBounds(options.Limits, input.BuildId, [folder, Path.Combine(options.Caches, input.CacheOwner.ToString("n"))], time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, bounds.Stop);
        foreach (var step in plan.Steps)
        {
            var name = step.Name.ToLowerInvariant();
            await input.Step(name);
            input.Log.Say($"$ {step.Text}");
            bounds.Begin();
            int exit;
            try
            {
                exit = await RunAsync(step.Command, root, workingFolder, environment, caches, bounds.Groups, input.Log, both.Token);
            }
            catch (OperationCanceledException) when (bounds.Stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                return BuildOutcome.Failed(bounds.Reason(step.Name, input.Log.Tail)!);
            }
            if (exit != 0)
            {
                return BuildOutcome.Failed(bounds.Reason(step.Name, input.Log.Tail) ?? BuildDiagnosis.OfStep(step.Name, step.Text, exit, input.Log.Tail));
            }
        }
        await input.Step("package");
        return Package(input);
    }

    private BuildOutcome Package(BuildInput input)
    {
        var folder = input.SourceFolder;
        var output = Path.GetFullPath(Path.Combine(folder, input.Plan.Folder, input.Plan.OutputDirectory));
        if (output != Path.GetFullPath(folder).TrimEnd('/'))
        {
            if (!output.StartsWith(folder + "/", StringComparison.Ordinal) || !Directory.Exists(output) || HasLink(folder, output))
            {
                return BuildOutcome.Failed(Status.Of(Severity.Error, $"The build ended well but its output folder {input.Plan.OutputDirectory} is not there",
                    "The folder named in the settings was not made by the build command.", "Look where the build writes its result and set that as output folder."));
            }
            var kept = folder + ".out";
            Directory.Move(output, kept);
            Delete(folder);
            Directory.Move(kept, folder);
        }
        var bytes = Size(folder);
        input.Log.Say(string.Create(CultureInfo.InvariantCulture, $"Packaged {bytes / 1024.0 / 1024.0:0.0} MB."));
        return new BuildOutcome(Path.GetFileName(folder), bytes, null);
    }

    private async Task<int> RunAsync(string command, string folder, string workingFolder, Dictionary<string, string> environment, List<SandboxMount> mounts, ControlGroups groups, BuildLogWriter log, CancellationToken cancellationToken)
    {
        var spec = Sandbox.Wrap(isolation.Builds, new SandboxRequest
        {
            Command = ["/bin/sh", "-c", command],
            Folder = folder,
            WorkingFolder = workingFolder,
            Environment = environment,
            Mounts = mounts,
            Groups = groups.JoinFiles,
            MaximumUserProcesses = groups.BoundsProcesses ? null : settings.MaximumProcesses,
            Yielding = true,
            TemporaryMb = 2048,
        });
        // A command dies with the thread that started it, and a pool's thread may end at any time: it gets one of its own.
        var end = await SandboxRun.RunAsync(spec, TimeSpan.FromSeconds(options.Limits.BuildSeconds) + TimeSpan.FromMinutes(1), line =>
        {
            log.Line(line);
            return Task.CompletedTask;
        }, cancellationToken);
        return end.ExitCode ?? 137;
    }

    private Dictionary<string, string> Environment(BuildPlan plan, IReadOnlyDictionary<string, string> variables, List<SandboxMount> caches)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = Sandbox.DefaultPath,
            ["HOME"] = "/tmp",
            ["LANG"] = "C.UTF-8",
            ["CI"] = "true",
            ["TERM"] = "xterm-256color",
        };
        foreach (var name in settings.PassedVariables)
        {
            if (System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }
        foreach (var (key, value) in plan.BuildEnvironment.Concat(variables))
        {
            environment[key] = value;
        }
        var walled = isolation.Builds.Level == IsolationLevel.Isolated;
        foreach (var cache in plan.Caches.Where(c => c.EnvironmentVariable is not null))
        {
            var mount = caches.Single(m => m.At == "/cache/" + cache.Name);
            environment[cache.EnvironmentVariable!] = cache.EnvironmentValue.Replace("{path}", walled ? mount.At : mount.HostPath, StringComparison.Ordinal);
        }
        return environment;
    }

    private async Task<List<SandboxMount>> PrepareCachesAsync(Guid app, BuildPlan plan, string root, string workingFolder, CancellationToken cancellationToken)
    {
        var mounts = new List<SandboxMount>();
        foreach (var cache in plan.Caches)
        {
            var folder = Path.Combine(options.Caches, app.ToString("n"), cache.Name);
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder);
                await Isolation.HandOverAsync(isolation.Builds, folder, cancellationToken);
            }
            if (cache.RelativePath is { } inside)
            {
                // ".next/cache" is kept, and the build writes to ".next" as well.
                await Isolation.MakeFolderAsync(isolation.Builds, root, Join(workingFolder, inside), cancellationToken);
            }
            mounts.Add(new SandboxMount(folder, cache.RelativePath is null ? "/cache/" + cache.Name : "/app/" + Join(workingFolder, cache.RelativePath), Writable: true));
        }
        return mounts;
    }

    /// <summary>Says in the log where a tool-chain is not the one asked for; a status where that cannot work.</summary>
    private async Task<Status?> WrongVersionAsync(BuildInput input, CancellationToken cancellationToken)
    {
        foreach (var tool in input.Plan.Tools)
        {
            if (ToolVersions.Question(tool) is not { } question || ToolVersions.Judge(tool, await AnswerAsync(question, input.SourceFolder, cancellationToken)) is not { } mismatch)
            {
                continue;
            }
            if (mismatch.Failure is not null)
            {
                _answers.TryRemove(question, out _);
                return mismatch.Failure;
            }
            input.Log.Say($"▲ {mismatch.Warning}");
        }
        return null;
    }

    // A tool-chain that is installed or replaced while this host runs is asked again after a while.
    private async Task<IReadOnlyList<string>> AnswerAsync(string question, string folder, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_answers.TryGetValue(question, out var known) && now - known.At < TimeSpan.FromMinutes(5))
        {
            return known.Lines;
        }
        var lines = new List<string>();
        var spec = Sandbox.Wrap(isolation.Builds, new SandboxRequest
        {
            // Not in the source: a global.json there would answer for the machine.
            Command = ["/bin/sh", "-c", $"cd /tmp && {question} 2>&1"],
            Folder = folder,
            // Without the app's variables: other apps' builds get the same answer.
            Environment = new Dictionary<string, string> { ["PATH"] = Sandbox.DefaultPath, ["HOME"] = "/tmp" },
            MaximumUserProcesses = settings.MaximumProcesses,
        });
        await SandboxRun.RunAsync(spec, TimeSpan.FromSeconds(30), line =>
        {
            lines.Add(line);
            return Task.CompletedTask;
        }, cancellationToken);
        _answers[question] = (now, lines);
        return lines;
    }

    private static string Join(string folder, string path) => folder.Length == 0 ? path : folder + "/" + path;

    private static Status? MissingTool(BuildPlan plan) =>
        plan.Tools.FirstOrDefault(t => !new[] { t.Program }.Concat(t.AnyOf).Any(OnPath)) is { } tool ? ToolVersions.Missing(plan.Stack, tool) : null;

    private static bool OnPath(string program) =>
        program.Contains('/', StringComparison.Ordinal) || Sandbox.DefaultPath.Split(':').Any(p => File.Exists(Path.Combine(p, program)));

    private string Folder(Guid build) => Path.Combine(options.Artifacts, build.ToString("n"));

    private static bool HasLink(string root, string path)
    {
        for (var at = path; at.Length > root.Length; at = Path.GetDirectoryName(at)!)
        {
            if (new DirectoryInfo(at).LinkTarget is not null)
            {
                return true;
            }
        }
        return false;
    }

    private static long Size(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true })
            .Sum(f => f.Length);

    /// <summary>Links are removed, not followed.</summary>
    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
