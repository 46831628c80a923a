using Portal.Core.Common;

namespace Portal.Web.Components.Controls;

/// <summary>Each severity has its own shape, so that colour is never the only sign: ● ok, ◐ working, ▲ warning, ✕ failed, ○ asleep.</summary>
public static class Severities
{
    /// <summary>The class that sets <c>--tone</c> for the element and all below it.</summary>
    public static string Css(this Severity severity) => severity switch
    {
        Severity.Ok => "tone-ok",
        Severity.Working => "tone-working",
        Severity.Warning => "tone-warning",
        Severity.Error => "tone-failed",
        _ => "tone-asleep",
    };

    /// <summary>One word for lists and screen readers, where no better sentence is at hand.</summary>
    public static string Word(this Severity severity) => severity switch
    {
        Severity.Ok => "OK",
        Severity.Working => "Working",
        Severity.Warning => "Warning",
        Severity.Error => "Failed",
        _ => "Asleep",
    };
}
