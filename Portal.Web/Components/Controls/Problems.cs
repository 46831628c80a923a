using Portal.Core.Common;

namespace Portal.Web.Components.Controls;

/// <summary>What a page says about an exception: a refusal in its own words, anything else without its inner parts.</summary>
public static class Problems
{
    public static string Sentence(Exception problem) => problem switch
    {
        PortalException refused => refused.Message,
        TimeoutException => "The database did not answer in time.",
        System.Data.Common.DbException => "The database cannot be reached right now.",
        OperationCanceledException => "It was cancelled before it was done.",
        _ => "Something inside Portal went wrong; it is in the portal's own log.",
    };

    public static bool IsNotFound(Exception problem) => problem is PortalException { Refusal: Refusal.NotFound };
}
