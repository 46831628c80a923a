namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>Causes that an app's own last lines tell, most telling first.</summary>
internal static class RunRules
{
    public static readonly IReadOnlyList<OutputRule> All =
    [
        .. VariableRules.Each(Variable),
        new("([Nn]o space left on device|ENOSPC|Errno 28|[Dd]isk quota exceeded)", _ => new Finding("no disk space is left",
            "The app could not write. Its /tmp holds as much as its memory; everything else lies on this machine's disk.", "Write less to /tmp, or ask an admin to free disk space, then try again.", Words.Retry)),
        new("(JavaScript heap out of memory|java\\.lang\\.OutOfMemoryError|^MemoryError|System\\.OutOfMemoryException|fatal error: runtime: out of memory|[Cc]annot allocate memory)", _ =>
            new Finding("it ran out of memory", "The language's own memory limit was reached.", "Give it more memory under Settings, or let it need less.")),
        new("(EADDRINUSE|[Aa]ddress already in use|Failed to bind to address .* already in use)", _ => new Finding("the port it wants is taken",
            "It listens on a fixed port that something else on this machine uses.", "Let it listen on the port in the variable PORT.")),
        new("(Cannot find (module|package) '(?<x>[^'/.][^']*)')", Package("package.json", "dependencies (not devDependencies)")),
        new("Cannot find module '(?<x>[^']+)'", File),
        new("^(ModuleNotFoundError|ImportError): No module named '?(?<x>[\\w.]+)'?", Package("requirements.txt", "dependencies")),
        new("ModuleNotFoundError: No module named '(?<x>[^']+)'", Package("requirements.txt", "dependencies")),
        new("cannot load such file -- (?<x>\\S+)", Package("the Gemfile", "gems")),
        new("Class \"(?<x>[^\"]+)\" not found", Package("composer.json", "packages")),
        new("Could not load file or assembly '(?<x>[^,']+)", x => new Finding($"the assembly {x} is missing", "The published result does not hold everything that the app needs.", "Publish the project that is started, and look at its references.")),
        new("(can't open file '(?<x>[^']+)'|Unable to access jarfile (?<x>\\S+)|Could not open input file: (?<x>\\S+))", File),
        new("(Could not find or load main class (?<x>\\S+))", x => new Finding($"the class {x} was not found", "The start command names a main class that is not in the build's result.", "Correct the start command, or the build's output.")),
        new("You must install or update \\.NET to run this application|framework 'Microsoft\\.(?<x>NETCore|AspNetCore)\\.App', version", _ => new Finding("the .NET version it was built for is not installed here",
            "It asks for another .NET than this machine has.", "Set TargetFramework to an installed version, or ask an admin to install the other.")),
        new("Missing script: \"?(?<x>[\\w:.-]+)\"?", x => new Finding($"package.json has no script “{x}”", $"The command calls npm run {x}.", $"Add a script named {x} to package.json, or set another start command in Settings.")),
        new("(^|: )(?<x>[^:\\s]+): (command )?not found$", Command),
        new("exec: \"(?<x>[^\"]+)\": executable file not found", Command),
        new("(spawn|exec) (?<x>\\S+) ENOENT", Command),
        new("(?<x>\\S+): Permission denied$", NotExecutable),
        new("([Pp]assword authentication failed|Access denied for user|SASL authentication failed|role \"[^\"]+\" does not exist)", _ => new Finding("the database refused its name or password",
            "The app reached the database, and the database did not let it in.", "Check the variable that holds the database's address.")),
        new("(ECONNREFUSED|[Cc]onnection refused|could not connect to server|ConnectionRefusedError)( [\\w.]*?(?<x>\\d+\\.\\d+\\.\\d+\\.\\d+:\\d+))?", x => new Finding(
            x.Length > 0 ? $"nothing answers at {x}, where it wants to connect to" : "what it wants to connect to refused the connection",
            "A database or service that the app needs does not answer at the address it was given.", "Check the variable that holds the address (DATABASE_URL, REDIS_URL, …); an add-on sets it for you.")),
        new("(getaddrinfo (ENOTFOUND|EAI_AGAIN) (?<x>\\S+)|could not translate host name \"(?<x>[^\"]+)\"|Name or service not known)", x => new Finding(
            x.Length > 0 ? $"the host {x} is not known" : "a host it wants to connect to is not known", "The name in an address does not exist, or this machine cannot look it up.", "Check the variable that holds the address.")),
        new("^(?<x>SyntaxError|IndentationError|TabError)\\b", Syntax),
        new("(?<x>(Parse|Syntax) error):? ", Syntax),
    ];

    private static Finding Variable(string name) => name is "PORT" or "HOST"
        ? new Finding($"it does not find {name}", $"{name} is only set for the process named web.", "Name the process web in the Procfile, or do not ask for it.")
        : new Finding($"the variable {name} is missing", $"The app asks for the environment variable {name}, and did not find it.", $"Add {name} under Variables.", Words.AddVariable(name));

    private static Func<string, Finding> Package(string file, string where) => x => new Finding($"{x} is not installed",
        $"The code uses {x}, which was not installed by the build.", $"Add {x} to the {where} in {file} and push again.");

    private static Finding File(string path) => new($"the file {path} is not there",
        "The start command names a file that is not in the build's result. Upper and lower case matter.", "Correct the start command in Settings or the Procfile, or let the build make that file.");

    public static Finding Command(string command) => new($"the command {command} was not found",
        "The start command calls a program that is neither in the app's folder nor installed on this machine.",
        command.Contains('/', StringComparison.Ordinal) ? "Check the path in the start command." : $"Add {command} to the app's dependencies, or correct the start command in Settings.");

    public static Finding NotExecutable(string file) => new($"{file} may not be executed",
        "The file is there but is not marked as executable, or the app may not read it.", $"Run git update-index --chmod=+x {Path.GetFileName(file)}, commit and push; or start it with its interpreter.");

    private static Finding Syntax(string kind) => new($"the code has an error ({kind})", "A file could not be read as code, so nothing of it ran.", "Correct the place that the last lines name, and push again.");
}
