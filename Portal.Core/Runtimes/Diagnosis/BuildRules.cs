namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>Causes that a failed build step's last lines tell, most telling first.</summary>
internal static class BuildRules
{
    public static readonly IReadOnlyList<OutputRule> All =
    [
        new("([Nn]o space left on device|ENOSPC|Errno 28|[Dd]isk quota exceeded)", _ => new Finding("no disk space is left", "The build could not write. Its /tmp holds at most 2 GB; everything else lies on this machine's disk.", "Write less to /tmp, or ask an admin to free disk space, then build again.", Words.Retry)),
        new("(JavaScript heap out of memory|java\\.lang\\.OutOfMemoryError|^MemoryError|[Cc]annot allocate memory|ENOMEM)", _ => new Finding("it ran out of memory",
            "The build needed more memory than it may use.", "Let the build need less (fewer parallel jobs, no source maps), or for Node.js set the build variable NODE_OPTIONS to --max-old-space-size=2048.", Words.AddVariable("NODE_OPTIONS"))),
        new("npm (error|ERR!) .*npm ci`? (command )?can only install ", LockFile("npm install")),
        new("(ERR_PNPM_OUTDATED_LOCKFILE|Cannot install with \"frozen-lockfile\")", LockFile("pnpm install")),
        new("(lockfile needs to be updated, but yarn was run with|lockfile would have been modified by this install)", LockFile("yarn install")),
        new("(poetry\\.lock is not up to date|pyproject\\.toml changed significantly since poetry\\.lock)", LockFile("poetry lock")),
        new("(error NU1004|The packages lock file is inconsistent)", LockFile("dotnet restore")),
        new("(the lock file (?<x>\\S+) needs to be updated but --locked was passed)", LockFile("cargo update")),
        new("(updates to go\\.(mod|sum) needed|missing go\\.sum entry)", LockFile("go mod tidy")),
        new("(lock file is not up to date with the latest changes in composer\\.json|Your lock file does not contain)", LockFile("composer update")),
        new("npm (error|ERR!) (404 )+ *(The requested resource )?'(?<x>@?[^'@]+)(@[^']*)?' (could not be found|is not in)", Missing("package.json")),
        new("npm (error|ERR!) notarget No matching version found for (?<x>\\S+[^.\\s])", Version("package.json")),
        new("npm (error|ERR!) code ERESOLVE", _ => new Finding("its packages contradict each other", "Two packages ask for different versions of a third.", "Run npm install on your machine, solve what it says, and push package.json and package-lock.json.")),
        new("error (?<x>\\S+): Not found", Missing("package.json")),
        new("connection broken by '?(NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError|ConnectionResetError|ProtocolError).*/simple/(?<x>[\\w.-]+)", x => new Finding(
            $"the package {x} could not be fetched: PyPI could not be reached", "This machine could not reach the place where Python packages come from.",
            "Try again. If it happens again, ask an admin whether this machine may reach pypi.org, or to name a mirror that it may reach in PIP_INDEX_URL.", Words.Retry)),
        new("No matching distribution found for (?<x>\\S+)", Missing("requirements.txt")),
        new("error NU1101: Unable to find package (?<x>[^.\\s]+(\\.[^.\\s]+)*)\\.", Missing("the project file")),
        new("error NU1102: Unable to find package (?<x>\\S+) with version", Version("the project file")),
        new("Could not resolve dependencies for project (?<x>[^:]+:[^:]+)", x => new Finding($"dependencies of {x} could not be found", "Maven found a dependency in none of its repositories.", "Check names and versions in pom.xml.")),
        new("Could not find (?<x>[\\w.-]+:[\\w.-]+:[\\w.-]+)\\.$", Missing("build.gradle")),
        new("no required module provides package (?<x>[^\\s;]+)", Missing("go.mod")),
        new("no matching package named `(?<x>[^`]+)` found", Missing("Cargo.toml")),
        new("Could not find gem '(?<x>[^']+)'", Missing("the Gemfile")),
        new("(invalid go version '|go\\.mod requires go >= |note: module requires Go )(?<x>[\\d.]+)", x => new Finding($"it needs Go {x}, and this machine has an older one",
            "go.mod asks for a newer Go than is installed here.", $"Lower the version in go.mod, or ask an admin to install Go {x} from go.dev.")),
        new("Could not transfer artifact (?<x>[^:\\s]+:[^:\\s]+)\\S* from", x => new Finding($"the package {x} could not be fetched", "This machine could not reach the place where Java packages come from.",
            "Try again. If it happens again, ask an admin whether this machine may reach it.", Words.Retry)),
        new("(Could not fetch specs from|Could not reach host) (https?://)?(?<x>[\\w.-]+)", x => new Finding($"{x} could not be reached", "This machine could not reach the place where gems come from.",
            "Try again. If it happens again, ask an admin whether this machine may reach it.", Words.Retry)),
        new("(lookup |UnknownHostException: |Unknown host )(?<x>[\\w-]+(\\.[\\w-]+)+)( on \\S+)?(: no such host|: i/o timeout|:|$|\\s)", x => new Finding($"{x} could not be reached", "This machine could not reach a place where packages come from.",
            "Try again. If it happens again, ask an admin whether this machine may reach it.", Words.Retry)),
        new("(ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|Temporary failure in name resolution|Name or service not known|Could not resolve host(name)?:? ?(?<x>[\\w.-]+)?|error NU1301|i/o timeout|no such host|failed to lookup address|Network is unreachable)", x => new Finding(
            x.Length > 0 ? $"{x} could not be reached" : "a package source could not be reached", "This machine could not reach a place where packages come from.", "Try again. If it happens again, ask an admin whether this machine may reach it.", Words.Retry)),
        new("(wget|curl): Failed to fetch https?://(?<x>[\\w.-]+)|Import 'https?://(?<x>[\\w.-]+)[^']*' failed|error sending request for url \\(https?://(?<x>[\\w.-]+)", x => new Finding($"{x} could not be reached", "This machine could not reach a place where packages come from.",
            "Try again. If it happens again, ask an admin whether this machine may reach it.", Words.Retry)),
        new("Missing script: \"?(?<x>[\\w:.-]+)\"?", x => new Finding($"package.json has no script “{x}”", $"The build calls npm run {x}.", $"Add a script named {x} to package.json, or set another build command in Settings.")),
        new("npm (error|ERR!) code EBADENGINE|ERR_PNPM_UNSUPPORTED_ENGINE|The engine \"node\" is incompatible|requires a minimum Node\\.js version|requires at least Node\\.js|requires Node\\.js (version )?[v>=^~]*\\d", _ => new Finding("it needs another version of Node.js than it was given",
            "A package or the project names versions that do not include the one in use.", "Name one that it needs in package.json, such as \"engines\": { \"node\": \"22\" }, and push again: that one is brought.")),
        new("requires a different Python: ", _ => new Finding("it asks for another version of the language than this machine has", "A package or the project names versions that do not include the installed one.", "Relax the version that is asked for, or ask an admin to install the one it needs.")),
        new("does not support targeting \\.NET (?<x>\\d+(\\.\\d+)*)", x => new Finding($"the .NET SDK for .NET {x} is not installed here", "The project targets a newer .NET than this machine can build.", "Set TargetFramework to an installed version, or ask an admin to install the newer SDK.")),
        new("error: invalid target release: (?<x>\\S+)|release version (?<x>\\S+) not supported", x => new Finding($"the JDK for Java {x} is not installed here", "The project asks for a newer Java than this machine has.", "Lower the Java version in the build file, or ask an admin to install a newer JDK.")),
        new("pg_config (executable )?not found|fatal error: (?<x>\\S+\\.h): No such file", x => new Finding(x.Length > 0 ? $"a package needs the header {x} to be compiled" : "a package needs PostgreSQL's headers to be compiled", "A package has parts in C that are compiled at installation.", "Use a variant that comes compiled (such as psycopg2-binary), or ask an admin to install the library's development files.")),
        new("(^|: )(?<x>[^:\\s]+): (command )?not found$", Command),
        new("(spawn|exec) (?<x>\\S+) ENOENT", Command),
        new("(?<x>[\\w./-]+\\.(cs|fs|vb)\\(\\d+,\\d+\\)): error (CS|FS|BC)\\d+", Code),
        new("(?<x>[\\w./-]+\\.tsx?(:\\d+:\\d+|\\(\\d+,\\d+\\)))( - |: )error TS\\d+", Code),
        new("\\[ERROR\\] (?<x>/?[\\w./-]+\\.java:\\[\\d+,\\d+\\])", Code),
        new("^(\\./)?(?<x>[\\w./-]+\\.go:\\d+:\\d+): ", Code),
        new("--> (?<x>[\\w./-]+\\.rs:\\d+:\\d+)", Code),
        new("(Module not found: (Error: )?Can't resolve '(?<x>[^']+)'|Could not resolve \"(?<x>[^\"]+)\"|Rollup failed to resolve import \"(?<x>[^\"]+)\")", x => new Finding($"{x} is imported but not there", "A file imports something that is neither installed nor in the source. Upper and lower case matter.", $"Correct the import, or add {x} to package.json.")),
        new("^(?<x>SyntaxError|IndentationError|TabError)\\b", x => Code(x)),
        .. VariableRules.Each(Variable),
    ];

    private static Func<string, Finding> LockFile(string command) => _ => new Finding("the lock file does not match the list of packages",
        "The packages asked for were changed without updating the lock file.", $"Run {command} on your machine, commit the changed lock file and push.");

    private static Func<string, Finding> Missing(string file) => x => new Finding($"the package {x} was not found",
        "It does not exist under this name or version, or it is private.", $"Check its name in {file}; for a private package add its access token as a build variable.");

    private static Func<string, Finding> Version(string file) => x => new Finding($"the package {x} does not exist in this version",
        "The package exists, the version that is asked for does not.", $"Choose an existing version in {file}.");

    public static Finding Command(string command) => new($"the command {command} was not found",
        "The step calls a program that neither the app's packages bring nor this machine has.", $"Add {command} to the app's dependencies (in Node.js under dependencies or devDependencies), or ask an admin to install it.");

    private static Finding Variable(string name) => new($"the variable {name} is missing or not as the code wants it", "The code looks at its environment while it is built, and only variables that are for builds are there then.",
        $"Add {name} under Variables, for run and build, then build again.", Words.AddVariable(name));

    private static Finding Code(string place) => new($"the code has an error: {place}", "The compiler refused the code.", "Correct the place that the last lines name, and push again.");
}
