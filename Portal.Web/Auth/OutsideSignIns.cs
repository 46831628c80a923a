using Portal.Core.Common;
using Portal.Core.Teams;

namespace Portal.Web.Auth;

/// <summary>
/// What happens before somebody leaves for another service and after they came back, whichever it is. Nothing of the
/// service is kept but who they are there.
/// </summary>
internal sealed class OutsideSignIns(SignIns sessions, SignInMethods methods, ICurrentActor current, SignInSeal seal)
{
    private const int MostReturnUrl = 500;

    /// <summary>What the address that they followed asks for; a page to go to instead when that may not begin here.</summary>
    public async Task<(SignInIntent Intent, string? Instead)> BeginAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var click = query[ConnectClick.Query].ToString() is { Length: > 0 } given ? seal.Open<ConnectClick>(given) ?? new ConnectClick(Guid.Empty, Guid.Empty) : null;
        var invitation = query[SignInIntent.InvitationQuery].ToString() is { Length: > 0 and <= 100 } token ? token : null;
        // A cookie carries it, and browsers drop one that is too large.
        var back = SignIns.Local(query[SignIns.ReturnUrl]) is { Length: <= MostReturnUrl } local ? local : "/";
        var intent = new SignInIntent(back, click is null ? invitation : null, click);
        if (click is not null && await ActorAsync(click, context.RequestAborted) is null)
        {
            return (intent, Tell(intent, "This button is too old. Press it again."));
        }
        // Another site, also one of an app's, could otherwise choose as whom somebody comes in.
        return (intent, context.Request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" ? intent.Page(null) : null);
    }

    /// <summary>Acts on a proven identity.</summary>
    /// <param name="mayCreate">Whether the provider's people get an account without an invitation.</param>
    /// <returns>Where the browser goes.</returns>
    public async Task<string> FinishAsync(ProvenIdentity identity, SignInIntent intent, bool mayCreate, CancellationToken cancellationToken)
    {
        try
        {
            if (intent.Connect is { } click)
            {
                if (await ActorAsync(click, cancellationToken) is not { } actor)
                {
                    return Tell(intent, "You were signed out in the meantime. Connect it again.");
                }
                await methods.ConnectAsync(actor, identity, cancellationToken);
                return intent.Page(null);
            }
            if (await methods.SignInAsync(identity, sessions.Address, cancellationToken) is { } known)
            {
                await sessions.StartAsync(known);
                return intent.Invitation is null ? intent.ReturnUrl : intent.Page(null);
            }
            if (intent.Invitation is { } invitation)
            {
                var (joined, team) = await methods.JoinAsync(identity, invitation, sessions.Address, cancellationToken);
                await sessions.StartAsync(joined);
                return $"/{team}";
            }
            if (mayCreate)
            {
                await sessions.StartAsync(await methods.CreateAsync(identity, sessions.Address, cancellationToken));
                return intent.ReturnUrl;
            }
            return Tell(intent, $"No account of Portal is connected to your {identity.Method} account. Sign in with your password once and connect it under Me. If you have no account yet, ask a maintainer of a team for an invitation.");
        }
        catch (PortalException refused)
        {
            return Tell(intent, refused.Message);
        }
    }

    /// <summary>The page that the person came from, with a sentence.</summary>
    public string Tell(SignInIntent? intent, string sentence) =>
        (intent ?? new SignInIntent("/", null, null)).Page(seal.Write(new Told(sentence), SignInSeal.Journey));

    /// <summary>Whoever clicked, as long as the same session is open.</summary>
    private async Task<Actor?> ActorAsync(ConnectClick click, CancellationToken cancellationToken) =>
        await current.GetAsync(cancellationToken) is { Kind: ActorKind.Person } actor && actor.UserId == click.UserId && actor.SessionId == click.SessionId ? actor : null;
}
