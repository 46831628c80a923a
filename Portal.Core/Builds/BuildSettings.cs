using System.ComponentModel.DataAnnotations;

namespace Portal.Core.Builds;

/// <summary>Section <c>Portal:Build</c>.</summary>
public sealed class BuildSettings
{
    /// <summary>
    /// Variables of the host that builds may see: locale, proxy, certificate authorities and registries, nothing else.
    /// An admin may add names; a name that holds a secret of Portal's own does not belong here.
    /// </summary>
    public IReadOnlyList<string> PassedVariables { get; set; } =
    [
        "LANG", "LC_ALL", "TZ", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO",
        "NPM_CONFIG_REGISTRY", "PIP_INDEX_URL", "GOPROXY", "GOFLAGS", "GONOSUMDB", "GOSUMDB", "NUGET_CERT_REVOCATION_MODE", "BUNDLE_MIRROR__ALL",
    ];

    /// <summary>Processes and threads of all builds together, where no control group bounds each.</summary>
    [Range(64, 4_194_304)]
    public int MaximumProcesses { get; set; } = 4096;
}
