using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Testing;

namespace Portal.Core.Tests.Common;

/// <summary>Wrong settings are told in plain words, all at once, without repeating their values.</summary>
public sealed class HostSettingsTests : IDisposable
{
    private readonly string _key = Path.GetTempFileName();

    public HostSettingsTests() => File.WriteAllText(_key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));

    [Fact]
    public void What_the_launcher_sets_is_right()
    {
        var (options, problems) = Read(
            ("Portal:RunDirectory", "/run/portal/1"), ("Portal:StateDirectory", "/srv/state"), ("Portal:Trusted", "false"), ("Portal:AddOnPort", "15432"),
            ("Portal:Listen", "http://127.0.0.1:8080;http://[::1]:8080"), ("Portal:Build:MaximumProcesses", "100"), ("Portal:Limits:BuildSeconds", "600"),
            ("Portal:TrustedProxies:0", "10.0.0.0/8"), ("Portal:TrustedProxies:1", "::1"), ("Portal:Users:App", "portal-app"));

        Assert.Empty(problems);
        Assert.Equal(600, options.Limits.BuildSeconds);
        Assert.Equal(["10.0.0.0/8", "::1"], options.TrustedProxies);
        Assert.Equal(15432, options.AddOnPort);
    }

    [Theory]
    [InlineData("Portal:PublicUrl", "portal.example.org", "Portal:PublicUrl must be an address")]
    [InlineData("Portal:PublicUrl", "https://portal.example.org/", "Portal:PublicUrl must be an address")]
    [InlineData("Portal:PublicUrl", "https://portal.example.org/below", "Portal:PublicUrl must be an address")]
    [InlineData("Portal:PublicUrl", "ftp://portal.example.org", "Portal:PublicUrl must be an address")]
    [InlineData("Portal:AppsDomain", "https://apps.example.org", "Portal:AppsDomain must be a host name")]
    [InlineData("Portal:AppsDomain", "10.0.0.5", "Portal:AppsDomain must be a host name")]
    [InlineData("Portal:AppsDomain", "apps.example.org:99999", "Portal:AppsDomain must be a host name")]
    [InlineData("Portal:DataDirectory", "data", "Portal:DataDirectory must be an absolute folder.")]
    [InlineData("Portal:StateDirectory", "state", "Portal:StateDirectory must be an absolute folder.")]
    [InlineData("Portal:MasterKeyFile", "/nowhere/master.key", "Portal:MasterKeyFile must name a readable file")]
    [InlineData("Portal:MasterKeyFile", "/etc/passwd", "Portal:MasterKeyFile must name a readable file")]
    [InlineData("Portal:MasterKeyFile", "/", "Portal:MasterKeyFile must name a readable file")]
    [InlineData("Portal:Listen", "8080", "Portal:Listen must hold addresses")]
    [InlineData("Portal:Trusted", "perhaps", "Portal:Trusted must be true or false.")]
    [InlineData("Portal:AddOnPort", "70000", "Portal:AddOnPort must be from 0 to 65535.")]
    [InlineData("Portal:AddOnHost", "not a host", "Portal:AddOnHost must be a host name or an IP address.")]
    [InlineData("Portal:Limits:BuildSeconds", "ten", "Portal:Limits:BuildSeconds must be a whole number.")]
    [InlineData("Portal:Limits:BuildSeconds", "0", "Portal:Limits:BuildSeconds must be from 10 to 86400.")]
    [InlineData("Portal:Limits:BuildSeconds", "99999999999", "Portal:Limits:BuildSeconds must be a whole number.")]
    [InlineData("Portal:Limits:PushBytes", "-1", "Portal:Limits:PushBytes must be from 65536 to 1099511627776.")]
    [InlineData("Portal:Limits:BuildSecond", "10", "Portal:Limits:BuildSecond is no setting of Portal")]
    [InlineData("Portal:Limit:BuildSeconds", "10", "Portal:Limit:BuildSeconds is no setting of Portal")]
    [InlineData("Portal:Rates:RequestsPerSecond", "0", "Portal:Rates:RequestsPerSecond must be from 1 to 1000000.")]
    [InlineData("Portal:Git:PollSeconds", "1", "Portal:Git:PollSeconds must be from 10 to 86400.")]
    [InlineData("Portal:Git:AllowHttp", "1", "Portal:Git:AllowHttp must be true or false.")]
    [InlineData("Portal:TrustedProxies:0", "proxy.example.org", "Portal:TrustedProxies must hold IP addresses or networks")]
    [InlineData("Portal:TrustedProxies:first", "10.0.0.1", "Portal:TrustedProxies:first is no setting of Portal")]
    [InlineData("ConnectionStrings:Portal", "", "ConnectionStrings:Portal must name the database.")]
    [InlineData("ConnectionStrings:Portal", "Database=portal", "ConnectionStrings:Portal must name the database's host.")]
    [InlineData("ConnectionStrings:Portal", "postgres://localhost", "ConnectionStrings:Portal must be like Host=…")]
    [InlineData("ConnectionStrings:AddOns", "Colour=red", "ConnectionStrings:AddOns must be like Host=…")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "OTEL_EXPORTER_OTLP_ENDPOINT must be an address")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL must be grpc or http/protobuf.")]
    public void A_wrong_value_is_told_by_its_name(string name, string value, string problem)
    {
        var (_, problems) = Read((name, value));

        Assert.StartsWith(problem, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_wrong_is_told_at_once()
    {
        var (_, problems) = Read(("Portal:PublicUrl", "x"), ("Portal:Trusted", "x"), ("Portal:Limits:BuildSlots", "0"), ("Portal:Colour", "red"), ("ConnectionStrings:Portal", ""));

        Assert.Equal(5, problems.Count);
    }

    [Fact]
    public void Settings_of_builds_are_checked_in_the_same_way()
    {
        var problems = new List<string>();
        var section = Configuration(("Portal:Build:MaximumProcesses", "1"), ("Portal:Build:Maximum", "1"), ("Portal:Build:PassedVariables:0", "COMPANY_PROXY")).GetSection("Portal:Build");

        var settings = SettingsReader.Read<BuildSettings>(section, problems);

        Assert.Equal(["Portal:Build:Maximum is no setting of Portal; docs/operations.md lists them.", "Portal:Build:MaximumProcesses must be from 64 to 4194304."], problems);
        Assert.Contains("COMPANY_PROXY", settings.PassedVariables);
        Assert.Contains("HTTPS_PROXY", settings.PassedVariables);
    }

    [Fact]
    public void Every_setting_is_explained()
    {
        var operations = File.ReadAllText(Checkout.Path("docs/operations.md"));

        Assert.All([.. Names(typeof(PortalOptions), "Portal"), .. Names(typeof(BuildSettings), "Portal__Build")],
            name => Assert.Contains(name, operations, StringComparison.Ordinal));

        static IEnumerable<string> Names(Type type, string path) => type.GetProperties().Where(p => p.CanWrite).SelectMany(p =>
            p.PropertyType.Namespace == typeof(PortalOptions).Namespace ? Names(p.PropertyType, $"{path}__{p.Name}") : [$"{path}__{p.Name}"]);
    }

    public void Dispose() => File.Delete(_key);

    private (PortalOptions Options, List<string> Problems) Read(params (string Name, string Value)[] settings)
    {
        var problems = new List<string>();
        return (HostSettings.Read(Configuration(settings), problems), problems);
    }

    private IConfiguration Configuration(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>
        {
            ["Portal:PublicUrl"] = "http://localhost:8080",
            ["Portal:AppsDomain"] = "localhost:8080",
            ["Portal:DataDirectory"] = "/var/lib/portal/1",
            ["Portal:MasterKeyFile"] = _key,
            ["ConnectionStrings:Portal"] = "Host=/run/portal/1/db;Database=portal;Username=portal",
        };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }
        return new ConfigurationBuilder().AddInMemoryCollection(all).Build();
    }
}
