using System.Net;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Git.Plain;

namespace Portal.Core.Tests.Git;

public sealed class AddressRulesTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.9.9.9")]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.254")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::10.0.0.1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("fe80::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("2001:db8::1")]
    public void An_address_of_ones_own_network_is_internal(string address) => Assert.True(AddressRules.IsInternal(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("140.82.121.3")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.1")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("169.253.0.1")]
    [InlineData("2606:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("64:ff9b::1.1.1.1")]
    [InlineData("2002:101:101::1")]
    public void An_address_of_the_public_internet_is_not(string address) => Assert.False(AddressRules.IsInternal(IPAddress.Parse(address)));

    [Fact]
    public void Only_public_addresses_of_a_host_are_used_unless_an_admin_named_it()
    {
        IPAddress[] both = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("1.1.1.1")];
        Assert.Equal([both[1]], Pinning.Choose("git.example.org", both, []));
        Assert.Equal(both, Pinning.Choose("git.example.org", both, ["GIT.example.org"]));
        Assert.Empty(Pinning.Choose("git.example.org", [both[0]], ["example.org"]));
    }

    [Theory]
    [InlineData("https://git.example.org/shop/api.git", "https://git.example.org:443/shop/api.git")]
    [InlineData("ssh://git@git.example.org:2222/shop/api.git", "ssh://git@git.example.org:2222/shop/api.git")]
    [InlineData("git@git.example.org:shop/api.git", "ssh://git@git.example.org:22/shop/api.git")]
    [InlineData("https://2130706433/x", "https://127.0.0.1:443/x")]
    [InlineData("https://0x7f.1/x", "https://127.0.0.1:443/x")]
    [InlineData("https://[::1]/x", "https://[::1]:443/x")]
    public void An_address_is_put_together_anew(string url, string canonical) =>
        Assert.Equal(canonical, RepositoryAddress.Parse(url, new GitOptions()).Url);

    [Theory]
    [InlineData("http://git.example.org/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ext::sh -c touch% /tmp/x")]
    [InlineData("ext::sh")]
    [InlineData("/etc/passwd")]
    [InlineData("../x")]
    [InlineData("--upload-pack=touch")]
    [InlineData("ssh://-oProxyCommand=touch/x")]
    [InlineData("ssh://git@-oProxyCommand=x/y")]
    [InlineData("ssh://-l@host/x")]
    [InlineData("ssh://host/-x")]
    [InlineData("ssh://host/x'y")]
    [InlineData("https://ada:secret@git.example.org/x")]
    [InlineData("https://token@git.example.org/x")]
    [InlineData("ssh://git:secret@git.example.org/x")]
    [InlineData("https://git.example.org/")]
    [InlineData("https://git.example.org/x?y=1")]
    [InlineData("https://git.example.org/x y")]
    [InlineData("")]
    public void What_is_no_plain_address_is_refused(string url) =>
        Assert.Throws<PortalException>(() => RepositoryAddress.Parse(url, new GitOptions()));

    [Fact]
    public void A_password_in_an_address_is_not_repeated_in_the_refusal()
    {
        var e = Assert.Throws<PortalException>(() => RepositoryAddress.Parse("https://ada:hunter2@git.example.org/x", new GitOptions()));
        Assert.DoesNotContain("hunter2", e.Message, StringComparison.Ordinal);
        Assert.Contains("deploy key", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../lib.git", "https://git.example.org:443/shop/lib.git")]
    [InlineData("../../other/lib", "https://git.example.org:443/other/lib")]
    [InlineData("https://elsewhere.example/lib", "https://elsewhere.example:443/lib")]
    public void A_submodules_address_may_be_relative(string url, string canonical) =>
        Assert.Equal(canonical, RepositoryAddress.Parse("https://git.example.org/shop/api.git", new GitOptions()).Resolve(url, new GitOptions()).Url);
}
