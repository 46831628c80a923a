namespace Portal.Core.Builds.Detection;

/// <summary>
/// Reads a source and says how to build and run it. Pure and total: the same files give the same plan, and no file,
/// however broken, makes it throw; a source it cannot place gives a plan with a <see cref="BuildPlan.Problem"/>.
/// What a person set comes first, then the Procfile, then what the files tell.
/// </summary>
public static class StackDetector
{
    public static BuildPlan Detect(ISourceFiles files, PlanOverrides? overrides = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        var given = overrides ?? new PlanOverrides();
        if (SourceView.Normalise(given.Folder ?? "") is not { } folder)
        {
            return Unplaced("The app's folder lies outside the repository.", "Correct the folder in the app's settings; it is relative to the repository's root.").ToPlan();
        }

        var source = new SourceView(files, folder);
        if (source.Paths.Count == 0)
        {
            return (folder.Length == 0
                ? Unplaced("The repository is empty.", "Push a commit with your app's files.")
                : Unplaced($"There is no folder {folder} in this commit.", "Correct the folder in the app's settings, or push the folder.")).ToPlan();
        }

        var found = Find(source, given);
        var draft = found is { Weak: true } && given.Stack is null && Nested.Find(source) is { StackId: not "static" } below ? below : found ?? Several(source) ?? Nested.Find(source) ?? Commands(source, given);
        draft.Folder ??= source.Folder;
        var within = draft.Folder == source.Folder ? source : new SourceView(files, draft.Folder);
        Complete(draft, within, given);
        return draft.ToPlan();
    }

    private static Draft? Find(SourceView source, PlanOverrides given)
    {
        if (given.Stack is { Length: > 0 } wanted && wanted != "procfile")
        {
            if (StackTable.InOrder.All(s => s.Id != wanted))
            {
                return Unplaced($"There is no stack called {wanted}.", $"Choose one of: {string.Join(", ", StackTable.InOrder.Select(s => s.Id).Distinct())}.");
            }

            return StackTable.Chosen(source, wanted)?.Because($"the stack {wanted} was chosen in the app's settings")
                ?? Unplaced($"The stack {wanted} was chosen, but its files are not here.", "Choose another stack in the app's settings, or let Portal detect it.");
        }

        return StackTable.Detect(source, Started(source, given));
    }

    private static Draft? Several(SourceView source) => StackTable.Problem(source) is { NamesApps: true } choice ? choice : null;

    private static bool Started(SourceView source, PlanOverrides given) =>
        given.Start is { Length: > 0 } || Procfile.Parse(source.Read("Procfile") ?? "").Exists(e => e.Name != "release") || PlatformFiles.Read(source).Start is not null;

    // Nothing recognised: a Procfile or a start command still says enough.
    private static Draft Commands(SourceView source, PlanOverrides given)
    {
        if (Started(source, given) || Procfile.Parse(source.Read("Procfile") ?? "").Count > 0)
        {
            return new Draft("Procfile", "procfile");
        }

        return StackTable.Problem(source) ?? (source.First("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml") is { } compose
            ? Unplaced($"{compose} describes several containers, and nothing else says how to run this: programs run directly here.", "Make an app of each part that has its source in a repository; its database can be an add-on.")
            : NothingKnown());
    }

    private static Draft NothingKnown() =>
        Unplaced(
            "Nothing in this folder says how to run it.",
            "Set the start command in the app's settings, or add a Procfile with a line such as: web: node server.js");

    private static void Complete(Draft draft, SourceView source, PlanOverrides given)
    {
        draft.Dockerfile ??= Other.DockerStack.Find(source);
        if (draft.Dockerfile is not null && draft.Problem is null)
        {
            draft.Because($"{draft.Dockerfile} is not used: programs run directly here");
        }

        // A problem with how to start is none when somebody says how.
        var procfile = Procfile.Apply(source, draft);
        var platform = PlatformFiles.Read(source);
        platform.Apply(source, draft, processes: !procfile);
        if ((procfile || platform.Start is not null) && draft.StackId != "unknown")
        {
            Forgive(draft);
        }

        Override(draft, given);
        if (draft.Processes.FindIndex(p => p is { StaticRoot: not null, Spa: false }) is var files and >= 0 && SinglePage.Asked(source))
        {
            draft.Processes[files] = draft.Processes[files] with { Spa = true };
            draft.Because("a settings file of another host answers unknown paths with index.html, so that is done here too");
        }

        Python.PythonStack.NameProgram(draft);
        Node.NodeTools.Bring(source, draft);
    }

    private static void Override(Draft draft, PlanOverrides given)
    {
        Replace(draft, Draft.Install, given.Install, draft.Steps.FindLastIndex(s => s.Name == Draft.Prepare) + 1);
        Replace(draft, Draft.Build, given.Build, draft.Steps.Count);
        if (given.OutputDirectory is { Length: > 0 } output)
        {
            if (SourceView.Normalise(output) is not { } folder)
            {
                draft.Fail("The output folder lies outside the repository.", "Correct the output folder in the app's settings.");
                return;
            }

            draft.Why.Insert(0, $"the output folder was set in the app's settings: {output}");
            if (given.Start is not { Length: > 0 } && (!draft.HasWeb || draft.Processes.Exists(p => p.StaticRoot is not null)))
            {
                draft.ServeFiles(folder, draft.Processes.Exists(p => p.Spa));
                Forgive(draft);
            }

            draft.OutputDirectory = folder.Length == 0 ? "." : folder;
        }

        if (given.Start is { Length: > 0 } start)
        {
            if (draft.Processes.Exists(p => p.StaticRoot is not null) && given.OutputDirectory is not { Length: > 0 })
            {
                draft.OutputDirectory = ".";
            }

            draft.Serve(start);
            draft.Why.Insert(0, $"the start command was set in the app's settings: {start}");
            Forgive(draft);
        }
    }

    private static void Forgive(Draft draft)
    {
        if (draft.Processes.Count > 0)
        {
            draft.Problem = null;
        }
    }

    private static void Replace(Draft draft, string name, string? command, int whereNone)
    {
        if (command is null)
        {
            return;
        }

        var first = draft.Steps.FindIndex(s => s.Name == name);
        draft.Steps.RemoveAll(s => s.Name == name);
        if (!string.IsNullOrWhiteSpace(command))
        {
            draft.Steps.Insert(first < 0 ? Math.Min(whereNone, draft.Steps.Count) : first, (name, command.Trim(), ""));
        }

        var label = name.ToLowerInvariant();
        draft.Why.Insert(0, string.IsNullOrWhiteSpace(command) ? $"the {label} step was switched off in the app's settings" : $"the {label} command was set in the app's settings: {command.Trim()}");
    }

    private static Draft Unplaced(string what, string nextStep) => new Draft("Unknown", "unknown").Fail(what, nextStep);
}
