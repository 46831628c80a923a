namespace Portal.Web.Components.Pages.Builds;

/// <summary>Names of build steps as people read them.</summary>
public static class StepWords
{
    public static string Title(string name) => name.Length switch
    {
        0 => "Build",
        > 40 => name[..40] + "…",
        _ => char.ToUpperInvariant(name[0]) + name[1..],
    };
}
