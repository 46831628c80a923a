using Portal.Core.Builds.Detection;

namespace Portal.Core.Tests.Builds.Detection;

public sealed class VersionRangeTests
{
    [Theory]
    [InlineData("18", "18.20.1", true)]
    [InlineData("18.x", "20.0.0", false)]
    [InlineData("v20.1.0", "20.1.0", true)]
    [InlineData("^14.17 || ^16.13", "16.20.2", true)]
    [InlineData("^14.17 || ^16.13", "16.12.0", false)]
    [InlineData("^14.17 || ^16.13", "18.0.0", false)]
    [InlineData(">=16 <19", "18.19.0", true)]
    [InlineData(">=16 <19", "19.0.0", false)]
    [InlineData(">= 18.12.0", "18.12.0", true)]
    [InlineData("16 - 18", "18.9.9", true)]
    [InlineData("^0.2.3", "0.2.9", true)]
    [InlineData("^0.2.3", "0.3.0", false)]
    [InlineData("~1.2.3", "1.3.0", false)]
    [InlineData("~> 3.4.0", "3.4.9", true)]
    [InlineData("~> 3.4.0", "3.5.0", false)]
    [InlineData("~> 3.1", "3.9.0", true)]
    [InlineData("~=3.8.0", "3.9.0", false)]
    [InlineData(">=3.8,<4", "3.11.2", true)]
    [InlineData(">=3.8,<4", "4.0.0", false)]
    [InlineData("==3.11.*", "3.11.4", true)]
    [InlineData("8.*", "8.2.1", true)]
    [InlineData("^7.4|^8.0", "8.2.1", true)]
    [InlineData("~> 1.14 or ~> 1.16", "1.17.0", true)]
    [InlineData("> 1.18", "1.18.5", false)]
    [InlineData("<=3.10", "3.10.14", true)]
    [InlineData("*", "1.0.0", true)]
    [InlineData("3.2.0-rc1", "3.2.0", true)]
    public void A_range_accepts_what_its_tool_would(string range, string version, bool accepted) =>
        Assert.Equal(accepted, VersionRange.Parse(range)!.Contains(VersionRange.VersionIn(version)!.Value));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("newest please")]
    [InlineData("lts/iron")]
    [InlineData(">=5 <4")]
    public void What_is_no_range_is_none(string? text) => Assert.Null(VersionRange.Parse(text));

    [Theory]
    [InlineData("go version go1.19.8 linux/amd64", 1, 19, 8)]
    [InlineData("openjdk version \"17.0.15\" 2025-04-15", 17, 0, 15)]
    [InlineData("Python 3.11.2", 3, 11, 2)]
    [InlineData("10.0.401 [/usr/share/dotnet/sdk]", 10, 0, 401)]
    public void A_tool_says_its_version(string line, int major, int minor, int patch) => Assert.Equal(VersionRange.Number(major, minor, patch), VersionRange.VersionIn(line));

    [Fact]
    public void Huge_numbers_do_not_overflow() => Assert.True(VersionRange.Parse(">=99999.99999.99999")!.Intervals[0].From > 0);
}
