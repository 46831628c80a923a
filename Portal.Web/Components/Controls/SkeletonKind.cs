namespace Portal.Web.Components.Controls;

public enum SkeletonKind
{
    Rows,
    Text,
    Card,
}
