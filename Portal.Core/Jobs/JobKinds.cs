namespace Portal.Core.Jobs;

public static class JobKinds
{
    /// <summary>Key: build id. Lane: app and branch.</summary>
    public const string Build = "build";

    /// <summary>Converge one environment to what is desired. Key: environment id. Lane: the same.</summary>
    public const string Environment = "environment";

    /// <summary>Decide what an inbound push means. Key: push id. Lane: app.</summary>
    public const string Push = "push";

    /// <summary>Remove a deleted app and everything of it. Key: app id.</summary>
    public const string RemoveApp = "remove-app";

    /// <summary>Make or remove an add-on. Key: add-on id.</summary>
    public const string AddOn = "add-on";

    /// <summary>Observe a git connection. Key: connection id, or with "/" and the number of one installation. Lane: connection.</summary>
    public const string GitSync = "git-sync";

    /// <summary>Look at the checks of a build's commit. Key: build id. Lane: the same.</summary>
    public const string Checks = "checks";

    /// <summary>Converge the preview of a pull request. Key: app id, "/", number. Lane: the same.</summary>
    public const string Preview = "preview";

    /// <summary>Tell the git host of an environment's builds and releases. Key: environment id. Lane: the same.</summary>
    public const string Report = "report";

    /// <summary>Ask a git connection for deliveries that did not come in. Key: connection id. Lane: the same.</summary>
    public const string GitDeliveries = "git-deliveries";
}
