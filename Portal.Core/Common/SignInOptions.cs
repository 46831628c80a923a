namespace Portal.Core.Common;

/// <summary>Ways in besides the password. GitHub needs no setting: every connection of it is one.</summary>
public sealed class SignInOptions
{
    /// <summary>Numbered from 0: a provider's number is part of the address that it sends people back to.</summary>
    public List<OidcOptions> Oidc { get; set; } = [];
}

/// <summary>One OpenID Connect provider.</summary>
public sealed class OidcOptions
{
    /// <summary>As on the button: "Company account".</summary>
    public string Name { get; set; } = "";

    /// <summary>Its issuer, below which <c>.well-known/openid-configuration</c> lies.</summary>
    public string Authority { get; set; } = "";

    public string ClientId { get; set; } = "";

    public string ClientSecret { get; set; } = "";

    /// <summary>A file that holds the secret and that others cannot read, instead of <see cref="ClientSecret"/>.</summary>
    public string ClientSecretFile { get; set; } = "";

    public string Scopes { get; set; } = "openid profile email";

    /// <summary>Only people with a verified e-mail address in one of these may come in; empty: everybody the provider knows.</summary>
    public List<string> AllowedDomains { get; set; } = [];

    /// <summary>Whoever has none gets an account, without a team, at their first sign-in.</summary>
    public bool AutoJoin { get; set; }

    /// <summary>Allows an http:// authority, for trying things out: whoever is on the way can sign in as anybody.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>What the identities of its people are kept under, beside their own key.</summary>
    public string Provider => $"oidc:{Authority.TrimEnd('/')}";

    /// <exception cref="IOException">Or <see cref="UnauthorizedAccessException"/>.</exception>
    public string Secret() => ClientSecretFile.Length > 0 ? File.ReadAllText(ClientSecretFile).Trim() : ClientSecret;

    /// <summary>All problems, one sentence each.</summary>
    /// <param name="path">Of the settings, for the sentences.</param>
    public IEnumerable<string> Problems(string path)
    {
        if (Name.Trim().Length is 0 or > 40)
        {
            yield return $"{path}:Name must be what its button says, at most 40 characters.";
        }
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url is not { Query: "", Fragment: "", UserInfo: "" })
        {
            yield return $"{path}:Authority must be the provider's address, such as https://login.example.org.";
        }
        else if (url.Scheme == "http" && !AllowHttp)
        {
            yield return $"{path}:Authority must be an https address.";
        }
        if (ClientId.Length == 0)
        {
            yield return $"{path}:ClientId must be what the provider calls Portal.";
        }
        if ((ClientSecret.Length > 0) == (ClientSecretFile.Length > 0))
        {
            yield return $"{path} needs either ClientSecretFile or ClientSecret.";
        }
        else if (ClientSecretFile.Length > 0 && SecretFileProblem() is { } problem)
        {
            yield return $"{path}:ClientSecretFile {problem}";
        }
        if (!Scopes.Split(' ').Contains("openid"))
        {
            yield return $"{path}:Scopes must hold openid, separated from others by spaces.";
        }
        if (AllowedDomains.Any(domain => Uri.CheckHostName(domain) != UriHostNameType.Dns))
        {
            yield return $"{path}:AllowedDomains must hold domains such as example.org.";
        }
        if (AutoJoin && AllowedDomains.Count == 0)
        {
            yield return $"{path}:AutoJoin needs AllowedDomains: otherwise everybody with an account at the provider gets one here.";
        }
    }

    private string? SecretFileProblem()
    {
        try
        {
            return !OperatingSystem.IsWindows() && (File.GetUnixFileMode(ClientSecretFile) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite)) != 0
                ? "must not be readable by others: chmod 600."
                : Secret().Length == 0 ? "is empty." : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return "must name a readable file that holds the secret.";
        }
    }
}
