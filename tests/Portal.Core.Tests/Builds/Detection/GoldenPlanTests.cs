using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Portal.Core.Builds;
using Portal.Core.Builds.Detection;

namespace Portal.Core.Tests.Builds.Detection;

/// <summary>
/// Every case of cases/ must give the plan in golden/. Run with PORTAL_UPDATE_GOLDEN=1 to write the plans anew, and read
/// the difference before committing it.
/// </summary>
public sealed class GoldenPlanTests
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static IEnumerable<TheoryDataRow<string>> Cases() =>
        Directory.GetFiles(Path.Combine(DetectionCase.Folder(), "cases"), "*.txt").Select(f => Path.GetFileNameWithoutExtension(f)).Order().Select(n => new TheoryDataRow<string>(n));

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_repository_gets_its_plan(string name)
    {
        var read = DetectionCase.Read(name);
        var plan = JsonSerializer.Serialize(StackDetector.Detect(read.Files, read.Overrides), Readable) + "\n";
        var golden = Path.Combine(DetectionCase.Folder(), "golden", name + ".json");
        if (Environment.GetEnvironmentVariable("PORTAL_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(golden, plan);
        }

        Assert.True(File.Exists(golden), $"There is no golden plan for {name}; run once with PORTAL_UPDATE_GOLDEN=1.");
        Assert.Equal(File.ReadAllText(golden), plan);
    }

    [Fact]
    public void Every_golden_plan_has_a_case()
    {
        var plans = Directory.GetFiles(Path.Combine(DetectionCase.Folder(), "golden")).Select(f => Path.GetFileNameWithoutExtension(f)).Order();
        Assert.Equal(Cases().Select(c => c.Data), plans);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_stored_plan_reads_back_as_it_was(string name)
    {
        var read = DetectionCase.Read(name);
        var plan = JsonSerializer.Serialize(StackDetector.Detect(read.Files, read.Overrides));
        Assert.Equal(plan, JsonSerializer.Serialize(JsonSerializer.Deserialize<BuildPlan>(plan)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_plan_runs_something_or_says_why_not(string name)
    {
        var read = DetectionCase.Read(name);
        var plan = StackDetector.Detect(read.Files, read.Overrides);
        Assert.True(plan.Problem is not null || plan.Processes.Count > 0, "neither a process nor a problem");
        Assert.All(plan.Processes, p => Assert.True((p.Command is null) != (p.StaticRoot is null)));
        Assert.All(plan.Steps, s => Assert.DoesNotContain('\n', s.Command));
        Assert.All([plan.Folder, plan.OutputDirectory], path => Assert.DoesNotContain("..", path.Split('/')));
        if (plan.Problem is { } problem)
        {
            Assert.EndsWith(".", problem.What);
            Assert.NotEmpty(problem.NextStep);
        }
    }
}
