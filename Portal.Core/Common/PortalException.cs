namespace Portal.Core.Common;

/// <summary>Why a request was refused; each maps to one HTTP status.</summary>
public enum Refusal
{
    /// <summary>400: the request's content is wrong; <see cref="PortalException.Errors"/> names the fields.</summary>
    Invalid,

    /// <summary>401: nobody is signed in, or the token is unknown, expired or revoked.</summary>
    Unauthenticated,

    /// <summary>403: the actor may see it but not do this.</summary>
    Denied,

    /// <summary>404: it does not exist, or the actor has no part in it.</summary>
    NotFound,

    /// <summary>409: the state does not allow it now.</summary>
    Conflict,

    /// <summary>412: it was changed by somebody else since it was read.</summary>
    Changed,

    /// <summary>413: larger than the limit that the detail names.</summary>
    TooLarge,

    /// <summary>429: too often; the detail says when to try again.</summary>
    TooMany,

    /// <summary>503: something that is needed is away for now.</summary>
    Unavailable,
}

/// <summary>
/// A request that changes nothing because something about it is wrong. <see cref="Exception.Message"/> is a plain
/// sentence for the person who asked: what is wrong and what to do next. It never holds a secret.
/// </summary>
public sealed class PortalException : Exception
{
    public PortalException(Refusal refusal, string detail, IReadOnlyDictionary<string, string[]>? errors = null)
        : base(detail)
    {
        Refusal = refusal;
        Errors = errors ?? new Dictionary<string, string[]>();
    }

    public Refusal Refusal { get; }

    /// <summary>Sentences by field name (camelCase, as in the API).</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; }

    public static PortalException Invalid(string field, string problem) =>
        new(Refusal.Invalid, problem, new Dictionary<string, string[]> { [field] = [problem] });

    public static PortalException NotFound(string what) => new(Refusal.NotFound, $"There is no {what} here, or you have no part in it.");

    public static PortalException Conflict(string detail) => new(Refusal.Conflict, detail);
}

/// <summary>Collects the problems of a form so that all of them are said at once.</summary>
public sealed class FieldErrors
{
    private readonly Dictionary<string, List<string>> _errors = [];

    public FieldErrors Add(string field, string? problem)
    {
        if (problem is not null)
        {
            if (!_errors.TryGetValue(field, out var list))
            {
                _errors[field] = list = [];
            }
            list.Add(problem);
        }
        return this;
    }

    public void ThrowIfAny()
    {
        if (_errors.Count > 0)
        {
            throw new PortalException(Refusal.Invalid, string.Join(" ", _errors.SelectMany(e => e.Value)),
                _errors.ToDictionary(e => e.Key, e => e.Value.ToArray()));
        }
    }
}
