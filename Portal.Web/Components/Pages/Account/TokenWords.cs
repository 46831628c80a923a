using Portal.Core.Common;

namespace Portal.Web.Components.Pages.Account;

internal static class TokenWords
{
    public static string May(TokenScope scope) => scope switch
    {
        TokenScope.Read => "read",
        TokenScope.Push => "push and fetch code",
        _ => "everything its owner may",
    };
}
