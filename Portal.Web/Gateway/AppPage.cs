namespace Portal.Web.Gateway;

/// <summary>What the gateway says when no app does.</summary>
/// <param name="RetryAfter">Seconds, null when trying again soon is no use.</param>
/// <param name="Reloads">The page asks again by itself.</param>
internal sealed record AppPage(int Status, string Title, string Detail, int? RetryAfter = null, bool Reloads = false)
{
    public static readonly AppPage Unknown = new(StatusCodes.Status404NotFound,
        "There is no app at this address", "The address may be mistyped, or the app was deleted.");

    public static readonly AppPage NothingDeployed = new(StatusCodes.Status404NotFound,
        "Nothing is deployed here yet", "The app exists. Its first deploy will appear at this address.", RetryAfter: 10, Reloads: true);

    public static readonly AppPage Starting = new(StatusCodes.Status503ServiceUnavailable,
        "The app is starting", "This page reloads by itself until it answers.", RetryAfter: 2, Reloads: true);

    public static readonly AppPage Down = new(StatusCodes.Status503ServiceUnavailable,
        "The app is down", "It is not running at the moment. Whoever looks after it sees the reason in Portal.", RetryAfter: 30);

    public static readonly AppPage NoAnswer = new(StatusCodes.Status502BadGateway,
        "The app did not answer", "It is running but could not be reached, or it broke off. Try again in a moment.", RetryAfter: 5);

    public static readonly AppPage Slow = new(StatusCodes.Status504GatewayTimeout,
        "The app took too long", "It accepted the request and then was silent for too long.");

    public static readonly AppPage Busy = new(StatusCodes.Status503ServiceUnavailable,
        "The app is busy", "More requests are waiting for it than it may have at once. Try again in a moment.", RetryAfter: 2);

    public static readonly AppPage TooLarge = new(StatusCodes.Status413PayloadTooLarge,
        "That is too large", "The request is larger than an app may be sent here.");
}
