namespace Portal.Core.Common;

public enum Severity
{
    Ok,
    Working,
    Warning,
    Error,
    Asleep,
}

/// <summary>A fix that Portal can make itself.</summary>
/// <param name="Id">What the endpoint performs, with its argument: <c>use-port:3000</c>, <c>memory:512</c>, <c>rollback:12</c>, <c>add-variable:STRIPE_KEY</c>, <c>resume</c>, <c>retry</c>.</param>
/// <param name="Label">The button: "Use 3000".</param>
/// <param name="Effect">What will happen, before it happens.</param>
public sealed record StatusAction(string Id, string Label, string Effect);

/// <summary>How it is, in plain words, with what to do. Never a word of the machinery beneath.</summary>
/// <param name="Title">One sentence: "v13 did not start: it exited with code 1 after 0.4 s".</param>
/// <param name="Detail">What happened and why most likely.</param>
/// <param name="Next">What to do, or "" when nothing is to be done.</param>
/// <param name="Evidence">Last lines of output or measured facts; attacker-controlled text, encode on output.</param>
public sealed record Status(Severity Severity, string Title, string Detail, string Next,
    IReadOnlyList<string> Evidence, IReadOnlyList<StatusAction> Actions)
{
    public static Status Of(Severity severity, string title, string detail = "", string next = "") => new(severity, title, detail, next, [], []);

    /// <summary>Title, detail and next step as running text, for doors that have one field for it.</summary>
    public string AsText() =>
        string.Join(' ', new[] { Title, Detail, Next }.Where(part => part.Length > 0).Select(part => part[^1] is '.' or '!' or '?' or ':' ? part : part + "."));
}
