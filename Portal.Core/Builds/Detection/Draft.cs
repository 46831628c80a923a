namespace Portal.Core.Builds.Detection;

/// <summary>A plan being written. Commands are as a person would type them; <see cref="ToPlan"/> completes them.</summary>
internal sealed class Draft(string stack, string stackId)
{
    /// <summary>Brings tools; kept when a person sets the install command.</summary>
    public const string Prepare = "Prepare";
    public const string Install = "Install";
    public const string Build = "Build";
    public const string Web = "web";

    public string Stack { get; set; } = stack;

    public string StackId { get; set; } = stackId;

    public string? Version { get; set; }

    /// <summary>The folder of the checkout in which the steps run; null is the folder that was looked at.</summary>
    public string? Folder { get; set; }

    public List<(string Name, string Command, string Folder)> Steps { get; } = [];

    public List<DraftProcess> Processes { get; } = [];

    public string? Release { get; set; }

    public string ReleaseFolder { get; set; } = "";

    public SortedDictionary<string, string> BuildEnvironment { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> RunEnvironment { get; } = new(StringComparer.Ordinal);

    public string OutputDirectory { get; set; } = ".";

    public bool BoundToPath { get; set; }

    public List<string> Path { get; } = [];

    /// <summary>Runs before every process and the release command, in the artifact's root; ends with "; ". Not shown.</summary>
    public string Before { get; set; } = "";

    public List<CacheFolder> Caches { get; } = [];

    public List<ToolRequirement> Tools { get; } = [];

    public List<string> Why { get; } = [];

    public List<string> Warnings { get; } = [];

    public PlanProblem? Problem { get; set; }

    /// <summary>The problem is the answer: no other stack may explain this folder away.</summary>
    public bool Final { get; set; }

    /// <summary>The problem is a choice between the apps that it names: a search below would find the same ones, and libraries.</summary>
    public bool NamesApps { get; set; }

    /// <summary>Only a folder of pages somewhere below: an app in another folder comes first.</summary>
    public bool Weak { get; set; }

    /// <summary>The Procfile's web line was taken into account already and is not used word for word.</summary>
    public bool KeepsWeb { get; set; }

    /// <summary>The Procfile's commands are meant for the output folder, not for the source.</summary>
    public bool KeepsOutput { get; set; }

    public string? Dockerfile { get; set; }

    public bool HasWeb => Processes.Exists(p => p.Name == Web);

    /// <summary>What the log and the pages show in place of a command too long to read.</summary>
    public Dictionary<string, string> Shorter { get; } = new(StringComparer.Ordinal);

    public Draft Step(string name, string command, string folder = "")
    {
        Steps.Add((name, command, folder));
        return this;
    }

    /// <summary>The process that answers on PORT.</summary>
    public Draft Serve(string command, string folder = "")
    {
        Processes.RemoveAll(p => p.Name == Web);
        Processes.Insert(0, new DraftProcess(Web, command, folder, Listens: true));
        return this;
    }

    /// <summary>Why the web process is what it is; said only where it is still there in the end.</summary>
    public Draft StartedBecause(string finding)
    {
        Processes[0] = Processes[0] with { Because = finding };
        return this;
    }

    /// <summary>The result is a folder of files; the platform's file server answers on PORT.</summary>
    public Draft ServeFiles(string output, bool spa)
    {
        Processes.RemoveAll(p => p.Name == Web);
        Processes.Insert(0, new DraftProcess(Web, null, "", Listens: true) { StaticRoot = ".", Spa = spa });
        OutputDirectory = output.Length == 0 ? "." : output;
        return this;
    }

    public Draft Because(string finding)
    {
        Why.Add(finding);
        return this;
    }

    public Draft Needs(string program, string? version, string howToGet, params string[] anyOf)
    {
        if (!Tools.Exists(t => t.Program == program))
        {
            Tools.Add(new ToolRequirement(program, version, howToGet) { AnyOf = anyOf });
        }

        return this;
    }

    /// <summary>The source asks the first tool for a version.</summary>
    /// <param name="accepts">The range of versions that satisfies; null: not compared.</param>
    /// <param name="strict">Nothing works with another one.</param>
    public void Asks(string version, string? accepts, bool strict)
    {
        Version = version;
        Tools[0] = Tools[0] with { Version = version, Accepts = accepts, Strict = strict && accepts is not null };
    }

    /// <summary>
    /// Puts npm packages that are tools into a folder of their own, whose programs come first on PATH, unless the command
    /// <paramref name="unless"/> succeeds. They are kept between builds: a second build copies what the first one fetched.
    /// </summary>
    public void BringTool(string name, string packages, string? unless, string text)
    {
        var folder = $".portal/tools/{name}";
        var kept = $"\"${{PORTAL_TOOLS:-.portal/kept}}/{packages.Replace(' ', '+').Replace("/", "-", StringComparison.Ordinal)}\"";
        var fetch = $"kept={kept}; mkdir -p .portal/tools \"$(dirname \"$kept\")\" && {{ [ -d \"$kept\" ] || {{ new=$(mktemp -d \"$kept.XXXXXX\") && npm install --loglevel=error --no-save --prefix \"$new\" {packages} && chmod 755 \"$new\" && {{ mv -T \"$new\" \"$kept\" 2>/dev/null || rm -rf \"$new\"; }}; }} || {{ rm -rf \"$new\"; false; }}; }} && cp -a \"$kept\" {folder}";
        var command = unless is null ? fetch : $"{unless} || {{ {fetch}; }}";
        Shorter[command] = text;
        Needs("npm", null, Node.NodeStack.Get);
        Steps.Insert(Steps.FindLastIndex(s => s.Name == Prepare) + 1, (Prepare, command, ""));
        if (!Caches.Exists(c => c.Name == "tools"))
        {
            Caches.Add(new CacheFolder("tools", "PORTAL_TOOLS"));
        }

        Path.Insert(0, $"{folder}/node_modules/.bin");
    }

    public Draft Fail(string what, string nextStep)
    {
        Problem = new PlanProblem(what, nextStep);
        return this;
    }

    public BuildPlan ToPlan() => new()
    {
        Stack = Stack,
        StackId = StackId,
        Version = Version,
        Folder = Folder ?? "",
        Steps = [.. Steps.Select(s => new PlanStep(s.Name, Shell.Complete(s.Command, Path, s.Folder), Shorter.GetValueOrDefault(s.Command) ?? Shown(s.Command, s.Folder)))],
        Processes = [.. Processes.Select(Completed)],
        ReleaseCommand = Release is null ? null : Before + Shell.Complete(Release, Path, ReleaseFolder),
        ReleaseText = Release is null ? null : Shown(Release, ReleaseFolder),
        BuildEnvironment = BuildEnvironment,
        RunEnvironment = RunEnvironment,
        OutputDirectory = OutputDirectory,
        BoundToPath = BoundToPath,
        Path = [.. Path],
        Caches = [.. Caches],
        Dockerfile = Dockerfile,
        Tools = [.. Tools],
        Why = [.. Why, .. Processes.Select(p => p.Because).OfType<string>()],
        Warnings = [.. Warnings],
        Problem = Problem,
    };

    private ProcessType Completed(DraftProcess p) => new()
    {
        Name = p.Name,
        Command = p.Command is null ? null : Before + Shell.Complete(p.Command, Path, p.Folder),
        Text = p.Command is null ? null : Shown(p.Text ?? p.Command, p.Folder),
        ListensOnPort = p.Listens,
        StaticRoot = p.StaticRoot,
        SpaFallback = p.Spa,
    };

    private static string Shown(string command, string folder) => folder.Length == 0 || folder == "." ? command : $"cd {Shell.Quote(folder)} && {command}";
}

/// <summary><paramref name="Folder"/> is relative to the artifact's root; <see cref="Text"/> where the command itself is too long to show.</summary>
internal sealed record DraftProcess(string Name, string? Command, string Folder, bool Listens)
{
    public string? Text { get; init; }

    public string? Because { get; init; }

    public string? StaticRoot { get; init; }

    public bool Spa { get; init; }
}

/// <summary>Recognises one tool-chain in a folder; null when the folder is not one of its kind.</summary>
internal interface IStack
{
    string Id { get; }

    /// <param name="chosen">A person or the Procfile named this stack: signs of another one do not count.</param>
    Draft? Detect(SourceView source, bool chosen);
}
