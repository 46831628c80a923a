namespace Portal.Testing;

/// <summary>Where the sources lie: found upwards from the test's own folder.</summary>
public static class Checkout
{
    private static readonly Lazy<string> Found = new(() =>
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Portal.sln")))
            {
                return folder.FullName;
            }
        }
        throw new InvalidOperationException($"Portal.sln is in no folder above {AppContext.BaseDirectory}.");
    });

    public static string Root => Found.Value;

    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);
}
