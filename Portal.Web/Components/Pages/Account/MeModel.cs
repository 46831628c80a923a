using Portal.Core.Teams;

namespace Portal.Web.Components.Pages.Account;

public sealed record MeModel(Profile Profile, IReadOnlyList<TokenRow> Tokens, IReadOnlyList<SessionRow> Sessions, Guid? Me);
