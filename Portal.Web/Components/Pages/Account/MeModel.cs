using Portal.Core.Teams;
using Portal.Web.Auth;

namespace Portal.Web.Components.Pages.Account;

public sealed record MeModel(Profile Profile, IReadOnlyList<TokenRow> Tokens, IReadOnlyList<SessionRow> Sessions, OwnMethods Methods, IReadOnlyList<SignInWay> Ways, Guid? Me);
