using Portal.Core.Builds;

namespace Portal.Core.Tests.Builds;

public sealed class ToolVersionsTests
{
    [Fact]
    public void An_installed_version_that_does_is_not_mentioned() => Assert.Null(ToolVersions.Judge(Tool("python3", "3.11", "3.11"), ["Python 3.11.2"]));

    [Fact]
    public void Another_version_is_tried_with_a_warning()
    {
        var mismatch = ToolVersions.Judge(Tool("python3", "3.12", "3.12"), ["Python 3.11.2"]);

        Assert.Null(mismatch!.Failure);
        Assert.StartsWith("It asks for Python 3.12; this machine has 3.11.2, which is tried.", mismatch.Warning);
    }

    [Fact]
    public void A_version_that_cannot_work_ends_the_build_and_says_how_to_get_it()
    {
        var mismatch = ToolVersions.Judge(Tool("ruby", "3.3.0", "3.3.0", strict: true), ["ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]"]);

        Assert.Equal("It needs Ruby 3.3.0, and this machine has 3.1.2", mismatch!.Failure!.Title);
        Assert.Contains("install it so", mismatch.Failure.Next);
    }

    [Fact]
    public void One_of_several_installed_versions_is_enough() =>
        Assert.Null(ToolVersions.Judge(Tool("dotnet", "8.0", ">=8.0", strict: true), ["6.0.400 [/usr/share/dotnet/sdk]", "10.0.401 [/usr/share/dotnet/sdk]"]));

    [Theory]
    [InlineData("java: not found")]
    [InlineData("")]
    public void A_tool_that_says_nothing_usable_is_given_the_benefit_of_the_doubt(string answer) => Assert.Null(ToolVersions.Judge(Tool("java", "21", ">=21", strict: true), [answer]));

    [Fact]
    public void A_tool_without_a_wanted_version_is_not_asked() => Assert.Null(ToolVersions.Question(Tool("python3", "latest", null)));

    [Fact]
    public void A_missing_tool_is_named_with_where_it_is_looked_for_and_how_to_get_it()
    {
        var status = ToolVersions.Missing("Rust", new ToolRequirement("cargo", "1.80", "install it so"));

        Assert.Equal("cargo is not installed on this machine", status.Title);
        Assert.StartsWith("Rust needs cargo 1.80 here. Programs are looked for in /usr/local/bin", status.Detail);
        Assert.Contains("somebody's home folder is not seen", status.Detail);
        Assert.Equal("Ask an admin: install it so. Then try again.", status.Next);
        Assert.Equal("retry", Assert.Single(status.Actions).Id);
    }

    private static ToolRequirement Tool(string program, string version, string? accepts, bool strict = false) => new(program, version, "install it so") { Accepts = accepts, Strict = strict };
}
