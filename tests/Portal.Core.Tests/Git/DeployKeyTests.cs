using Microsoft.Extensions.Logging.Abstractions;
using Portal.Core.Apps;
using Portal.Core.Git;
using Portal.Core.Git.Plain;

namespace Portal.Core.Tests.Git;

public sealed class DeployKeyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_pair_is_made_and_left_nowhere()
    {
        var pair = await new DeployKeys(NullLogger<DeployKeys>.Instance).MakeAsync("portal shop/api", Token);
        Assert.StartsWith("-----BEGIN OPENSSH PRIVATE KEY-----", pair!.Private, StringComparison.Ordinal);
        Assert.Matches("^ssh-ed25519 [A-Za-z0-9+/=]+ portal shop/api$", pair.Public);
    }

    [Fact]
    public async Task A_key_lies_on_disk_for_one_call_and_only_for_its_user()
    {
        string file;
        using (var key = await KeyFile.WriteAsync(new GitSource(SourceKind.Git, Guid.NewGuid(), "ssh://git@host/x", "secret text"), "", Token))
        {
            file = key.File;
            Assert.Equal("secret text\n", await File.ReadAllTextAsync(file, Token));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
        Assert.False(File.Exists(file));
    }

    [Fact]
    public void A_source_prints_no_key() =>
        Assert.DoesNotContain("secret", new GitSource(SourceKind.Git, Guid.NewGuid(), "ssh://git@host/x", "secret text").ToString(), StringComparison.Ordinal);
}
