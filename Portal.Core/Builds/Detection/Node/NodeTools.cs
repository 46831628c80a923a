namespace Portal.Core.Builds.Detection.Node;

/// <summary>
/// Package managers that commands and scripts call although another one installs: "web: yarn start" beside a
/// package-lock.json. Other hosts have them all, so people never notice.
/// </summary>
internal static class NodeTools
{
    private static readonly Dictionary<string, string> Packages = new(StringComparer.Ordinal)
    {
        ["yarn"] = "yarn@1.22.22",
        ["pnpm"] = "pnpm@9",
        ["pnpx"] = "pnpm@9",
        ["bun"] = "bun@1",
        ["bunx"] = "bun@1",
    };

    public static void Bring(SourceView source, Draft draft)
    {
        if (draft.Problem is not null || PackageJson.Read(source, out _) is not { } package)
        {
            return;
        }

        var commands = draft.Steps.Where(s => s.Name != Draft.Prepare).Select(s => s.Command).Concat(draft.Processes.Select(p => p.Command)).Append(draft.Release).OfType<string>();
        foreach (var tool in Called(package, commands).Select(w => Packages[w]).Distinct().Order(StringComparer.Ordinal).ToList())
        {
            var name = tool.Split('@')[0];
            if (draft.Path.Exists(p => p.StartsWith(".portal/tools/", StringComparison.Ordinal) && p.Contains(name, StringComparison.Ordinal)))
            {
                continue;
            }

            draft.BringTool(name, tool, $"command -v {name} >/dev/null", $"{name}: this machine's, else {tool} from npm");
            draft.Because($"a command calls {name}, so it is brought as well");
        }
    }

    // Through the scripts that the commands run, and those that an install runs.
    private static HashSet<string> Called(PackageJson package, IEnumerable<string> commands)
    {
        var called = new HashSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(commands.Concat(package.Scripts.Where(s => s.Key is "preinstall" or "install" or "postinstall" or "prepare").Select(s => s.Value)));
        while (open.TryPop(out var command))
        {
            var words = Shell.Words(command.Replace("&&", " && ", StringComparison.Ordinal).Replace(";", " ; ", StringComparison.Ordinal));
            for (var i = 0; i < words.Count; i++)
            {
                var begins = i == 0 || words[i - 1] is "&&" or ";" or "||" or "|" or "exec" or "cross-env" or "--" || words[i - 1].Contains('=', StringComparison.Ordinal);
                if (begins && Packages.ContainsKey(words[i]))
                {
                    called.Add(words[i]);
                }

                // concurrently "yarn server" "yarn client"
                if (words[i].Contains(' ', StringComparison.Ordinal) && seen.Add(words[i]))
                {
                    open.Push(words[i]);
                }

                foreach (var hook in (string[])["", "pre", "post"])
                {
                    if (package.Script(hook + words[i]) is { } script && seen.Add(hook + words[i]))
                    {
                        open.Push(script);
                    }
                }
            }
        }

        return called;
    }
}
