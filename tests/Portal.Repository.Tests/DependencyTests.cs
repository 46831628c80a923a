using System.Text.RegularExpressions;

namespace Portal.Repository.Tests;

/// <summary>Who may depend on whom, read from the <c>using</c> lines and from names written in full.</summary>
public sealed partial class DependencyTests
{
    /// <summary>Each feature may use itself and the layers before its own; features of one layer do not know each other.</summary>
    private static readonly string[][] Layers =
    [
        ["Common"],
        ["Data"],
        ["Access"],
        ["Audit", "Jobs", "Live"],
        ["Teams"],
        // Before its former siblings: a variable belongs to an environment, and a foreign key says so.
        ["Apps"],
        ["Variables", "Git", "Runtimes", "Events"],
        ["Builds"],
        ["Releases"],
        ["Triggers"],
    ];

    [Fact]
    public void Features_of_Core_depend_only_on_the_layers_before_them()
    {
        var offences =
            from file in CoreFiles()
            let own = Feature(file)
            from used in CoreName().Matches(file.Text).Select(match => match.Groups[1].Value).Distinct()
            where used != own && LayerOf(used) is { } layer && layer >= LayerOf(own)
            select $"{file.Name} uses Portal.Core.{used}";
        Rule.HasNoOffences(offences, "Common ← Data ← Access ← {Audit, Jobs, Live} ← Teams ← Apps ← {Variables, Git, Runtimes, Events} ← Builds ← Releases ← Triggers");
    }

    [Fact]
    public void Every_folder_of_Core_has_a_layer_and_its_own_namespace()
    {
        var offences =
            from file in CoreFiles()
            let own = Feature(file)
            let declared = Namespace().Match(file.Text).Groups[1].Value
            where LayerOf(own) is null || (declared != $"Portal.Core.{own}" && !declared.StartsWith($"Portal.Core.{own}.", StringComparison.Ordinal))
            select $"{file.Name} declares '{declared}'";
        Rule.HasNoOffences(offences, "A file of Core lies in the folder of its feature and says so in its namespace.");
    }

    [Fact]
    public void A_runtime_sees_a_workload_and_never_an_app() =>
        Rule.HasNoOffences(SourceFile.Code.Where(f => f.Under("Portal.Core/Runtimes")).SelectMany(f => f.Matches(AppName())),
            "Runtimes know Workload only.");

    [Theory]
    [InlineData(@"\busing\s+(static\s+)?MudBlazor\b|@using\s+MudBlazor\b", "Portal.Web/Components", "tests")]
    [InlineData(@"\busing\s+Octokit\b", "Portal.Core/Git/GitHub", "tests")]
    [InlineData(@"\busing\s+(static\s+)?k8s\b", "Portal.Core/Runtimes/Kubernetes", "tests")]
    [InlineData(@"\b(FromSql(Raw|Interpolated)?|ExecuteSql(Raw|Interpolated)?(Async)?|SqlQuery(Raw)?(<[^>]*>)?|CreateCommand)\s*\(|\bnew Npgsql(Batch)?Command\b",
        "Portal.Core/Data", "Portal.Core/Jobs", "Portal.Core/Events", "Portal.Core/Audit", "migrations", "tests")]
    [InlineData(@"\busing\s+Microsoft\.AspNetCore\.(?!DataProtection|Identity)", "Portal.Web", "Portal.Worker/ServeStatic", "tests")]
    public void A_technique_stays_in_its_folder(string pattern, params string[] folders)
    {
        var regex = new Regex(pattern);
        Rule.HasNoOffences(SourceFile.Code.Where(f => !f.Under(folders)).SelectMany(f => f.Matches(regex)), $"Only under {string.Join(", ", folders)}.");
    }

    [Fact]
    public void Hosts_do_not_know_each_other()
    {
        var web = SourceFile.Code.Where(f => f.Under("Portal.Web")).SelectMany(f => f.Matches(WorkerName()));
        var worker = SourceFile.Code.Where(f => f.Under("Portal.Worker")).SelectMany(f => f.Matches(WebName()));
        Rule.HasNoOffences(web.Concat(worker), "Web and Worker meet only in the database.");
    }

    private static IEnumerable<SourceFile> CoreFiles() => SourceFile.Code.Where(f => f.Under("Portal.Core") && f.Name.Count(c => c == '/') >= 2);

    private static string Feature(SourceFile file) => file.Name.Split('/')[1];

    private static int? LayerOf(string feature)
    {
        var layer = Array.FindIndex(Layers, features => features.Contains(feature));
        return layer < 0 ? null : layer;
    }

    [GeneratedRegex(@"\bPortal\.Core\.(\w+)")]
    private static partial Regex CoreName();

    [GeneratedRegex(@"^namespace\s+([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"Portal\.Core\.Apps\b|\bAppEnvironment\b")]
    private static partial Regex AppName();

    [GeneratedRegex(@"\bPortal\.Worker\b(?!\.Tests)")]
    private static partial Regex WorkerName();

    [GeneratedRegex(@"\bPortal\.Web\b(?!\.Tests)")]
    private static partial Regex WebName();
}
