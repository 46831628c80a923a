using Portal.Core.Builds;
using Portal.Core.Builds.Detection;

namespace Portal.Core.Tests.Builds.Detection;

/// <summary>The apps a newcomer pushes first need no settings.</summary>
public sealed class SampleTests
{
    [Theory]
    [InlineData("dotnet", "ASP.NET Core", "web")]
    [InlineData("node", "Node.js", "web")]
    [InlineData("python", "Python", "web")]
    [InlineData("static", "Static site", "web")]
    [InlineData("procfile", "Node.js", "web, worker")]
    public void A_sample_is_recognised_without_warnings(string sample, string stack, string processes)
    {
        var plan = Detect(sample);

        Assert.Null(plan.Problem);
        Assert.Empty(plan.Warnings);
        Assert.Equal(stack, plan.Stack);
        Assert.Equal(processes, string.Join(", ", plan.Processes.Select(p => p.Name)));
        Assert.True(plan.Processes[0].ListensOnPort);
    }

    [Theory]
    [InlineData("node")]
    [InlineData("python")]
    [InlineData("static")]
    [InlineData("procfile")]
    public void A_sample_without_packages_installs_nothing(string sample) => Assert.Empty(Detect(sample).Steps);

    private static BuildPlan Detect(string sample)
    {
        var root = new DirectoryInfo(DetectionCase.Folder());
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Portal.sln")))
        {
            root = root.Parent;
        }

        return StackDetector.Detect(new FolderSource(Path.Combine(root!.FullName, "samples", sample)));
    }
}
