using Portal.Core.Common;

namespace Portal.Web.Auth;

/// <summary>
/// Who is looking at this page, read anew on every call: a right that was taken away ends at the next change,
/// not with the circuit. Null when nobody is signed in any more.
/// </summary>
public interface ICurrentActor
{
    Task<Actor?> GetAsync(CancellationToken cancellationToken);
}
