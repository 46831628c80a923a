using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Web.Components.Pages.NewApp;
using Portal.Web.Components.Pages.Variables;
using Xunit;

namespace Portal.Web.Tests.Pages;

public sealed class FormTests
{
    [Fact]
    public void An_env_file_is_read_as_a_shell_would()
    {
        var file = EnvFile.Parse("""
            # a comment
            PLAIN=value
            export EXPORTED=yes
            SPACED = around
            TRAILING=x # comment
            HASH=a#b
            SINGLE='it is $HOME \n'
            DOUBLE="two\nlines \"quoted\" \$5"
            EMPTY=
            MULTI="first
            second"
            """);

        Assert.Empty(file.Problems);
        Assert.Equal(new Dictionary<string, string?>
        {
            ["PLAIN"] = "value",
            ["EXPORTED"] = "yes",
            ["SPACED"] = "around",
            ["TRAILING"] = "x",
            ["HASH"] = "a#b",
            ["SINGLE"] = "it is $HOME \\n",
            ["DOUBLE"] = "two\nlines \"quoted\" $5",
            ["EMPTY"] = "",
            ["MULTI"] = "first\nsecond",
        }, file.Variables.ToDictionary(v => v.Key, v => v.Value));
    }

    [Theory]
    [InlineData("no assignment")]
    [InlineData("1KEY=x")]
    [InlineData("KEY=\"never closed")]
    public void What_is_not_understood_is_said_with_its_line(string text)
    {
        var file = EnvFile.Parse("GOOD=1\n" + text);

        Assert.Single(file.Variables);
        Assert.Contains("Line 2", Assert.Single(file.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_of_two_equal_keys_wins() => Assert.Equal("2", Assert.Single(EnvFile.Parse("A=1\nA=2").Variables).Value);

    [Fact]
    public void A_file_of_half_a_megabyte_is_refused_in_words() => Assert.Single(EnvFile.Parse(new string('x', 500_000)).Problems);

    [Theory]
    [InlineData("STRIPE_KEY", true)]
    [InlineData("DATABASE_URL", true)]
    [InlineData("GITHUB_TOKEN", true)]
    [InlineData("DB_PASSWORD", true)]
    [InlineData("LOG_LEVEL", false)]
    [InlineData("MONKEY", false)]
    public void What_sounds_secret_is_proposed_as_one(string key, bool secret) => Assert.Equal(secret, EnvFile.SoundsSecret(key));

    [Theory]
    [InlineData("https://example.org/shop/My_API.git", "my-api")]
    [InlineData("git@example.org:shop/web.git", "web")]
    [InlineData("https://example.org/shop/web/", "web")]
    public void The_name_follows_the_address(string url, string name)
    {
        var form = new NewAppForm { Code = CodeChoice.Git };

        form.SetUrl(url);

        Assert.Equal(name, form.Name);
        Assert.Empty(form.Problems(new GitOptions()));
    }

    [Fact]
    public void An_address_without_encryption_is_refused_unless_an_admin_allows_it()
    {
        var form = new NewAppForm { Name = "mine", Code = CodeChoice.Git, Url = "http://git.example.org/shop/api.git" };

        Assert.Contains("https://", form.Problems(new GitOptions())["source.url"], StringComparison.Ordinal);
        Assert.Empty(form.Problems(new GitOptions { AllowHttp = true }));
    }

    [Fact]
    public void A_name_typed_by_hand_stays()
    {
        var form = new NewAppForm { Name = "mine", NameTouched = true };

        form.SetUrl("https://example.org/a/b.git");

        Assert.Equal("mine", form.Name);
    }

    [Theory]
    [InlineData("", "name")]
    [InlineData("new", "name")]
    [InlineData("a--b", "name")]
    public void A_bad_name_is_named(string name, string field) => Assert.Contains(field, new NewAppForm { Name = name }.Problems(new GitOptions()).Keys);

    [Fact]
    public void Every_problem_is_said_at_once()
    {
        var form = new NewAppForm { Code = CodeChoice.Git, Url = "file:///etc", Branch = "a..b", Directory = "../x", DeployOn = DeployTrigger.Tag, TagPattern = "" };

        Assert.Equal(["deployOn", "name", "source.branch", "source.directory", "source.url"], form.Problems(new GitOptions()).Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_rule_carries_only_what_belongs_to_its_trigger()
    {
        var form = new NewAppForm { DeployOn = DeployTrigger.Push, Paths = "src/**\n package.json , docs/*", Cron = "x" };

        Assert.Equal(["src/**", "package.json", "docs/*"], form.Rule.Paths);
        Assert.Null(form.Rule.Cron);
        Assert.Null(form.Rule.Pattern);
    }
}
