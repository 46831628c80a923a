namespace Portal.Web.Components.Controls;

public enum EmptyKind
{
    FirstUse,
    NoMatch,
    GoodNews,
}
