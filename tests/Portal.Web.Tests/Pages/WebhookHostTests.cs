using Portal.Web.Components.Pages.AppDetail;

namespace Portal.Web.Tests.Pages;

public sealed class WebhookHostTests
{
    [Theory]
    [InlineData("https://github.com/acme/shop", "GitHub")]
    [InlineData("git@gitlab.example.com:acme/shop.git", "GitLab")]
    [InlineData("https://codeberg.org/acme/shop", "Gitea or Forgejo")]
    [InlineData("ssh://git@bitbucket.org/acme/shop", "Bitbucket")]
    [InlineData("https://git.example.com/acme/shop", "GitHub")]
    [InlineData(null, "GitHub")]
    public void The_host_that_is_explained_first_is_the_repository_s(string? repository, string name) =>
        Assert.Equal(name, WebhookHost.Of(repository).Name);
}
