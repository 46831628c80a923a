namespace Portal.Core.Builds.Detection.Other;

/// <summary>
/// A language with one usual way to build and start: recognised by a file, so that a machine without its tool-chain says
/// which one is missing and where to get it.
/// </summary>
/// <param name="Marker">The file that tells, or null where this folder is not of this language.</param>
/// <param name="Start">The command of the web process, or null where nothing says what to start.</param>
internal sealed record PlainStack(string Id, string Name, Func<SourceView, string?> Marker, Func<SourceView, string?> Start) : IStack
{
    public required IReadOnlyList<(string Program, string Get)> Tools { get; init; }

    public string? Install { get; init; }

    /// <summary>Null: there is nothing to build.</summary>
    public Func<SourceView, string?> Build { get; init; } = _ => null;

    /// <summary>Variables that must name a folder kept between builds.</summary>
    public IReadOnlyList<(string Name, string Variable)> Caches { get; init; } = [];

    /// <summary>The build makes a folder of files and no program.</summary>
    public Func<SourceView, string?> Files { get; init; } = _ => null;

    /// <summary>The pages are one program for the browser: unknown paths answer with index.html.</summary>
    public bool SinglePage { get; init; } = true;

    public string? Fix { get; init; }

    public Draft? Detect(SourceView source, bool chosen)
    {
        if (Marker(source) is not { } marker)
        {
            return null;
        }

        var draft = new Draft(Name, Id).Because($"{marker} is {Name}");
        foreach (var (program, get) in Tools)
        {
            draft.Needs(program, null, get);
        }

        foreach (var (name, variable) in Caches)
        {
            draft.Caches.Add(new CacheFolder(name, variable));
        }

        if (Install is not null)
        {
            draft.Step(Draft.Install, Install);
        }

        if (Build(source) is { } build)
        {
            draft.Step(Draft.Build, build);
        }

        return Files(source) is { } folder ? draft.ServeFiles(folder, SinglePage)
            : Start(source) is { } start ? draft.Serve(start)
            : draft.Fail($"This is a {Name} project, and nothing in it says what to start.", Fix ?? "Add a Procfile with a line such as: web: bin/server");
    }
}
