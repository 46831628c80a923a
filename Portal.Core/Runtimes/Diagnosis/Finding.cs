using Portal.Core.Common;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>The most likely cause, read from output and measured facts.</summary>
/// <param name="Cause">Finishes the sentence "it did not start: …"; no full stop.</param>
/// <param name="Detail">What it means, for somebody who sees it for the first time.</param>
/// <param name="Next">What to do.</param>
internal sealed record Finding(string Cause, string Detail, string Next, IReadOnlyList<StatusAction> Actions)
{
    public Finding(string cause, string detail, string next, params StatusAction[] actions) : this(cause, detail, next, (IReadOnlyList<StatusAction>)actions)
    {
    }
}
