using Portal.Core.Apps;
using Portal.Core.Common;

namespace Portal.Core.Git;

/// <summary>Where the code of a repository lies: what a submodule's address is relative to.</summary>
internal abstract record CodeOrigin
{
    /// <summary>The repository of an app on this Portal.</summary>
    public sealed record Own(AppPath Path) : CodeOrigin;

    public sealed record Outside(RepositoryAddress Address) : CodeOrigin;

    /// <summary>
    /// What a submodule's address means, seen from here. An address of this Portal is taken for one only in Portal's own
    /// repositories: elsewhere it is an outsider's word.
    /// </summary>
    /// <exception cref="PortalException">A sentence that says what is wrong with the address.</exception>
    public CodeOrigin Resolve(string url, PortalOptions options)
    {
        if (this is Outside { Address: var address })
        {
            return new Outside(address.Resolve(url, options.Git));
        }
        var root = options.PublicUrl + "/git/";
        if (IsRelative(url))
        {
            var (team, app) = ((Own)this).Path;
            url = Uri.TryCreate(new Uri($"{root}{team}/{app}.git/"), url, out var combined) && combined.Query.Length == 0 ? combined.AbsoluteUri : "";
            return OwnOf(url, root) ?? throw PortalException.Invalid("source", "The address leads out of Portal's own repositories, which are ../app.git and nothing deeper.");
        }
        return (CodeOrigin?)OwnOf(url, root) ?? new Outside(RepositoryAddress.Parse(url, options.Git));
    }

    private static bool IsRelative(string url) => url.StartsWith("./", StringComparison.Ordinal) || url.StartsWith("../", StringComparison.Ordinal);

    private static Own? OwnOf(string url, string root)
    {
        if (!url.StartsWith(root, StringComparison.OrdinalIgnoreCase) || url[root.Length..].TrimEnd('/').Split('/') is not [var team, var app])
        {
            return null;
        }
        app = app.EndsWith(".git", StringComparison.Ordinal) ? app[..^4] : app;
        return Slug.IsValid(team) && Slug.IsValid(app) ? new Own(new AppPath(team, app)) : null;
    }
}
