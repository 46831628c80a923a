namespace Portal.Core.Builds.Detection.Node;

/// <summary>The style sheets and scripts of an app in another language: installed and built before that app's own build.</summary>
internal static class NodeAssets
{
    public static void AddTo(SourceView source, PackageJson package, Draft draft, params string[] scripts)
    {
        if (scripts.FirstOrDefault(s => package.Script(s) is not null) is not { } name)
        {
            return;
        }

        var manager = PackageManager.Of(source, package, [], draft.Warnings);
        var own = draft.Steps.FindIndex(s => s.Name == Draft.Build);
        var later = own < 0 ? [] : draft.Steps.GetRange(own, draft.Steps.Count - own);
        if (own >= 0)
        {
            draft.Steps.RemoveRange(own, later.Count);
        }

        draft.Needs("npm", null, NodeStack.Get);
        draft.Because($"package.json has a script for the pages' files: {package.Script(name)}");
        manager.AddInstall(draft, skipped: package.Dependencies.Count == 0);
        draft.Path.Add("node_modules/.bin");
        draft.Step(Draft.Build, manager.Run(name));
        draft.Steps.AddRange(later);
        if (NodeBuild.NeedsLegacyHash(package))
        {
            draft.BuildEnvironment["NODE_OPTIONS"] = "--openssl-legacy-provider";
        }
    }
}
