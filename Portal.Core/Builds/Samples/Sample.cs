using System.Reflection;
using System.Text;
using Portal.Core.Builds.Detection;

namespace Portal.Core.Builds.Samples;

/// <summary>A small app that comes with Portal, for who wants to see one live before they push their own.</summary>
/// <param name="Id">Its folder under <c>samples/</c>.</param>
/// <param name="Title">The stack.</param>
/// <param name="Text">What it is, in one sentence.</param>
public sealed record Sample(string Id, string Title, string Text)
{
    private const string Root = "samples/";

    private readonly Lazy<IReadOnlyDictionary<string, byte[]>> _files = new(() => Read(Id));

    public static IReadOnlyList<Sample> All { get; } =
    [
        new("node", "Node", "A web server without any packages."),
        new("dotnet", ".NET", "An ASP.NET Core app of one file."),
        new("python", "Python", "A web server from the standard library."),
        new("static", "Static site", "Files and nothing to start."),
        new("procfile", "Two processes", "A web process and a worker beside it."),
    ];

    public static Sample? Find(string? id) => All.FirstOrDefault(s => s.Id == id);

    /// <summary>By path in the sample's folder.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => _files.Value;

    public BuildPlan Plan(PlanOverrides? overrides = null) =>
        StackDetector.Detect(new MemorySource(Files.Select(f => KeyValuePair.Create(f.Key, Encoding.UTF8.GetString(f.Value)))), overrides);

    private static Dictionary<string, byte[]> Read(string id)
    {
        var files = new Dictionary<string, byte[]>();
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Select(n => (Name: n, Path: n.Replace('\\', '/'))).Where(n => n.Path.StartsWith($"{Root}{id}/", StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name.Name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            files[name.Path[(Root.Length + id.Length + 1)..]] = content;
        }
        return files;
    }
}
