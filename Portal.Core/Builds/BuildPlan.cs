namespace Portal.Core.Builds;

/// <summary>
/// What it takes to make one commit runnable, and what runs afterwards. Computed from a file listing and a few small
/// files by <see cref="Detection.StackDetector"/>; executed by a builder; stored as JSON with the build.
/// Every path is relative with '/' and never leaves the source. Commands are one line each for <c>/bin/sh -c</c>; they
/// come from the repository and are as trustworthy as the repository.
/// </summary>
public sealed record BuildPlan
{
    /// <summary>Display name: "Next.js", "ASP.NET Core", "Static site".</summary>
    public required string Stack { get; init; }

    /// <summary>Tool-chain slug: node, dotnet, python, java, go, ruby, php, static, hugo, zola, procfile, docker, rust, deno, bun, elixir, clojure, scala, crystal, dart, gleam, haskell, swift, zig, cpp, cobol, perl, shell, unknown.</summary>
    public required string StackId { get; init; }

    /// <summary>The tool-chain version the source asks for, as written there ("20.x", "3.11", "^8.2"), or null.</summary>
    public string? Version { get; init; }

    /// <summary>The folder of the checkout in which the steps run; "" is its root. The whole checkout must be present.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Run in order inside <see cref="Folder"/>; the first that fails ends the build.</summary>
    public IReadOnlyList<PlanStep> Steps { get; init; } = [];

    /// <summary>What runs from the artifact's root. "web" is the one that gets the address; there may be none of that name.</summary>
    public IReadOnlyList<ProcessType> Processes { get; init; } = [];

    /// <summary>Runs once from the artifact's root, with the release's variables, before traffic moves; complete, for <c>/bin/sh -c</c>; or null.</summary>
    public string? ReleaseCommand { get; init; }

    /// <summary><see cref="ReleaseCommand"/> as a person would write it.</summary>
    public string? ReleaseText { get; init; }

    /// <summary>Defaults for the steps; a user's build variable of the same name wins.</summary>
    public IReadOnlyDictionary<string, string> BuildEnvironment { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Defaults for processes and the release command; a user's variable of the same name wins.</summary>
    public IReadOnlyDictionary<string, string> RunEnvironment { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// The folder, relative to <see cref="Folder"/>, whose content becomes the artifact; "." keeps everything.
    /// A process starts in the artifact's root.
    /// </summary>
    public string OutputDirectory { get; init; } = ".";

    /// <summary>
    /// True where the result contains absolute paths (a Python virtual environment, bundler configuration): it must
    /// run at the very path at which it was built.
    /// </summary>
    public bool BoundToPath { get; init; }

    public IReadOnlyList<CacheFolder> Caches { get; init; } = [];

    /// <summary>
    /// Folders, relative to the artifact's root, whose programs the commands call by name (".venv/bin",
    /// "node_modules/.bin"). The commands of this plan already put them on PATH; a command typed later (a task) needs it.
    /// </summary>
    public IReadOnlyList<string> Path { get; init; } = [];

    /// <summary>The repository's own Dockerfile, for a builder that makes images; null when there is none.</summary>
    public string? Dockerfile { get; init; }

    /// <summary>Programs that steps and processes call; a missing one is named before anything runs.</summary>
    public IReadOnlyList<ToolRequirement> Tools { get; init; } = [];

    /// <summary>Findings in plain language, most important first: "package.json has a start script: node server.js".</summary>
    public IReadOnlyList<string> Why { get; init; } = [];

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Set when this source cannot be built here; the steps are then not to be run.</summary>
    public PlanProblem? Problem { get; init; }
}

/// <summary>
/// One phase: "Prepare" (tools the machine may lack), "Install" or "Build". <paramref name="Command"/> is complete and goes to <c>/bin/sh -c</c>;
/// <paramref name="Text"/> is the same as a person would type it, for logs and pages.
/// </summary>
public sealed record PlanStep(string Name, string Command, string Text);

/// <summary>
/// A process type. Either <see cref="Command"/> is set, run by <c>/bin/sh -c</c> with PORT in its environment when
/// <see cref="ListensOnPort"/>; or <see cref="StaticRoot"/> is, and the platform's own file server serves that folder of
/// the artifact. A single program is started with <c>exec</c>, so that the shell's process id is the program's and it
/// gets SIGTERM itself; a compound command needs the signal sent to its whole process group.
/// </summary>
public sealed record ProcessType
{
    public required string Name { get; init; }

    /// <summary>Complete, for <c>/bin/sh -c</c> in the artifact's root.</summary>
    public string? Command { get; init; }

    /// <summary>The command as the repository or a person would write it, for pages; a Procfile line word for word.</summary>
    public string? Text { get; init; }

    public bool ListensOnPort { get; init; }

    /// <summary>Folder below the artifact's root to serve as files ("." is the root itself), or null.</summary>
    public string? StaticRoot { get; init; }

    /// <summary>Unknown paths without a file extension answer with index.html (client-side routing).</summary>
    public bool SpaFallback { get; init; }
}

/// <summary>
/// A folder kept between builds of an app. With <see cref="EnvironmentVariable"/> the builder makes the folder outside the
/// source and sets the variable to <see cref="EnvironmentValue"/> with "{path}" replaced. With <see cref="RelativePath"/>
/// the folder lies inside <see cref="BuildPlan.Folder"/>, is put there before and saved after a successful build, and is no part of the artifact.
/// <paramref name="Name"/> is a slug, fit for a folder's name. Losing a cache costs time only.
/// </summary>
public sealed record CacheFolder(string Name, string? EnvironmentVariable = null, string? RelativePath = null)
{
    public string EnvironmentValue { get; init; } = "{path}";
}

/// <summary>
/// A program the plan needs, the version asked for ("20", "^8.2", or null for any) and how to get it on this machine.
/// <paramref name="AnyOf"/> are other programs that do as well ("python3" for "python").
/// </summary>
public sealed record ToolRequirement(string Program, string? Version, string HowToGet)
{
    public IReadOnlyList<string> AnyOf { get; init; } = [];

    /// <summary>The range of versions that does ("&gt;=1.23", "~&gt; 3.4.0"), or null where any does.</summary>
    public string? Accepts { get; init; }

    /// <summary>True where another version is known not to work; false where it is tried, with a warning.</summary>
    public bool Strict { get; init; }

    /// <summary>True where only processes need it, false where the build needs it (and usually the processes too).</summary>
    public bool RunOnly { get; init; }
}

/// <summary>Why there is no usable plan, and what the person can do about it.</summary>
public sealed record PlanProblem(string What, string NextStep);

/// <summary>What a person set for the app by hand. Null leaves the detected value; the plan says which were set.</summary>
public sealed record PlanOverrides
{
    /// <summary>The app's folder in the repository (monorepos); null or "" is the root.</summary>
    public string? Folder { get; init; }

    /// <summary>A stack id of <see cref="BuildPlan.StackId"/> to use whatever else is found.</summary>
    public string? Stack { get; init; }

    /// <summary>Replaces the install step; "" leaves it out.</summary>
    public string? Install { get; init; }

    /// <summary>Replaces the build step; "" leaves it out.</summary>
    public string? Build { get; init; }

    /// <summary>The command of the web process.</summary>
    public string? Start { get; init; }

    /// <summary>The folder whose content becomes the artifact; with no start command it is served as files.</summary>
    public string? OutputDirectory { get; init; }
}
