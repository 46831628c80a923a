using Microsoft.Extensions.Configuration;
using Portal.Core.Common;

namespace Portal.Core.Tests.Common;

public sealed class SignInOptionsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void A_provider_is_read_from_the_settings()
    {
        var (options, problems) = Read(("0:AllowedDomains:0", "acme.example"), ("0:AutoJoin", "true"), ("1:Name", "Other"));
        Assert.Empty(problems);
        Assert.Equal(["Company account", "Other"], options.Oidc.Select(o => o.Name));
        Assert.Equal(("openid profile email", true, "acme.example"), (options.Oidc[0].Scopes, options.Oidc[0].AutoJoin, options.Oidc[0].AllowedDomains.Single()));
    }

    [Fact]
    public void A_mistyped_setting_of_a_provider_is_told()
    {
        var (_, problems) = Read(("0:Autority", "x"), ("0:AutoJoin", "maybe"));
        Assert.Equal(["SignIn:Oidc:0:AutoJoin must be true or false.", "SignIn:Oidc:0:Autority is no setting of Portal; docs/operations.md lists them."], problems.Order());
    }

    [Fact]
    public void A_complete_provider_has_no_problem() => Assert.Empty(Provider().Problems("P"));

    [Fact]
    public void Everything_that_is_wrong_is_told()
    {
        Assert.Equal(5, new OidcOptions { Scopes = "profile" }.Problems("P").Count());
        Told("P:Authority", p => p.Authority = "http://login.example.org");
        Told("P:Authority", p => p.Authority = "https://login.example.org?x=1");
        Told("P needs either", p => p.ClientSecretFile = _file);
        Told("P:AllowedDomains", p => p.AllowedDomains.Add("@acme.example"));
        Told("P:AutoJoin", p => p.AutoJoin = true);
    }

    [Fact]
    public void The_address_may_be_http_when_somebody_said_so()
    {
        var provider = Provider();
        (provider.Authority, provider.AllowHttp) = ("http://127.0.0.1:5000", true);
        Assert.Empty(provider.Problems("P"));
    }

    [Fact]
    public void A_secrets_file_is_nobody_elses_to_read()
    {
        var provider = Provider();
        (provider.ClientSecret, provider.ClientSecretFile) = ("", _file);
        Assert.Equal("P:ClientSecretFile is empty.", Assert.Single(provider.Problems("P")));
        File.WriteAllText(_file, "s3cret\n");
        SetMode(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Empty(provider.Problems("P"));
        Assert.Equal("s3cret", provider.Secret());
        SetMode(UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Equal("P:ClientSecretFile must not be readable by others: chmod 600.", Assert.Single(provider.Problems("P")));
        File.Delete(_file);
        Assert.Equal("P:ClientSecretFile must name a readable file that holds the secret.", Assert.Single(provider.Problems("P")));
    }

    [Fact]
    public void A_slash_at_the_end_makes_no_other_provider()
    {
        var provider = Provider();
        provider.Authority += "/";
        Assert.Equal(Provider().Provider, provider.Provider);
    }

    public void Dispose() => File.Delete(_file);

    private void SetMode(UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_file, mode);
        }
    }

    private static OidcOptions Provider() => new() { Name = "Company account", Authority = "https://login.example.org/realms/a", ClientId = "portal", ClientSecret = "s3cret" };

    private static void Told(string problem, Action<OidcOptions> change)
    {
        var provider = Provider();
        change(provider);
        Assert.StartsWith(problem, Assert.Single(provider.Problems("P")), StringComparison.Ordinal);
    }

    private static (SignInOptions Options, List<string> Problems) Read(params (string Name, string Value)[] settings)
    {
        var problems = new List<string>();
        var values = new Dictionary<string, string?> { ["SignIn:Oidc:0:Name"] = "Company account" };
        foreach (var (name, value) in settings)
        {
            values[$"SignIn:Oidc:{name}"] = value;
        }
        return (SettingsReader.Read<SignInOptions>(new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection("SignIn"), problems), problems);
    }
}
