using Portal.Core.Common;
using Xunit;

namespace Portal.Core.Tests.Common;

public sealed class SecretMaskTests
{
    private const string Secret = "s3cr3t/+value with \"quotes\" & ünï";

    private static readonly SecretMask Mask = new([Secret, "abc"]);

    [Theory]
    [InlineData(Secret)]
    [InlineData("s3cr3t/\\u002Bvalue with \\u0022quotes\\u0022 \\u0026 \\u00FCn\\u00EF")]
    [InlineData("s3cr3t/+value with \\\"quotes\\\" & ünï")]
    [InlineData("s3cr3t%2F%2Bvalue%20with%20%22quotes%22%20%26%20%C3%BCn%C3%AF")]
    [InlineData("s3cr3t%2F%2Bvalue+with+%22quotes%22+%26+%C3%BCn%C3%AF")]
    public void A_secret_is_hidden_in_each_of_its_forms(string form) =>
        Assert.Equal($"before {SecretMask.Hidden} after", Mask.Apply($"before {form} after"));

    [Theory]
    [InlineData("")]
    [InlineData("u")]
    [InlineData("us")]
    [InlineData("user:")]
    [InlineData("user:1")]
    public void A_secret_is_hidden_in_base64_wherever_it_begins(string before)
    {
        var header = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(before + Secret + ":more"));
        var masked = Mask.Apply(header);
        Assert.Contains(SecretMask.Hidden, masked, StringComparison.Ordinal);
        Assert.True(masked.Length - SecretMask.Hidden.Length < header.Length / 2, masked);
    }

    [Fact]
    public void The_lines_of_a_long_secret_are_hidden_one_by_one()
    {
        var mask = new SecretMask(["-----BEGIN KEY-----\r\nMIIEvQIBADANBg\r\n-----END KEY-----"]);
        Assert.Equal(SecretMask.Hidden, mask.Apply("MIIEvQIBADANBg"));
    }

    [Fact]
    public void What_is_too_short_to_be_a_secret_stays() => Assert.Equal("abc", Mask.Apply("abc"));

    [Theory]
    [InlineData("the key is s3cr…", "the key is ••••••…")]
    [InlineData("the key is s3cr3t/+value with \"quotes\" & ün…", "the key is ••••••…")]
    [InlineData("s3cr s3cr3t/+val…", "s3cr ••••••…")]
    [InlineData("the key is s3c…", "the key is s3c…")]
    [InlineData("the key is s3cr3t/", "the key is s3cr3t/")]
    public void The_beginning_of_a_secret_is_hidden_where_a_line_was_cut(string line, string masked) => Assert.Equal(masked, Mask.Apply(line));

    [Fact]
    public void A_secret_that_repeats_itself_is_hidden_where_a_line_was_cut() =>
        Assert.Equal("x aab••••••…", new SecretMask(["aabaabaac"]).Apply("x aabaabaabaa…"));
}
