namespace Portal.Web.Components.Controls;

/// <summary>How something is. Each tone has its own shape, so that colour is never the only sign: ● ◐ ▲ ✕ ○.</summary>
public enum Tone
{
    Ok,
    Working,
    Warning,
    Failed,
    Asleep,
}

public static class Tones
{
    public static string Css(this Tone tone) => tone switch
    {
        Tone.Ok => "tone-ok",
        Tone.Working => "tone-working",
        Tone.Warning => "tone-warning",
        Tone.Failed => "tone-failed",
        _ => "tone-asleep",
    };
}
