using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using Portal.Core.Common;

namespace Portal.Web.Hosting;

/// <summary>
/// Bounds on every public door. Each request counts against its address, and a request with a token against the token
/// too: random tokens win nothing, and many clients behind one address each keep their own share.
/// </summary>
internal static class RateLimits
{
    /// <summary>Doors at which passwords, links and invitations can be guessed.</summary>
    private static readonly PathString[] SignInDoors = ["/sign-in", "/link", "/setup", "/invite", "/invitations", "/join", "/account", "/auth"];

    private static readonly PathString[] MachineDoors = ["/webhooks", "/hooks", "/events"];

    private static readonly PathString[] Assets = ["/_framework", "/_content", "/_blazor", "/lib", "/css", "/js", "/fonts", "/img"];

    public static void AddPortalRateLimits(this IServiceCollection services, PortalOptions options) =>
        services.AddRateLimiter(limiter =>
        {
            var rates = options.Rates;
            limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                PartitionedRateLimiter.Create<HttpContext, string>(context => ByAddress(context, rates)),
                PartitionedRateLimiter.Create<HttpContext, string>(context => ByToken(context, rates)));
            limiter.OnRejected = RejectAsync;
        });

    /// <summary>Doors at which only machines knock.</summary>
    public static bool IsMachineDoor(PathString path) => IsBelow(path, MachineDoors);

    private static RateLimitPartition<string> ByAddress(HttpContext context, RateOptions rates)
    {
        var request = context.Request;
        var address = Address(context);
        if ((!HttpMethods.IsGet(request.Method) && IsBelow(request.Path, SignInDoors)) || IsOutsideSignIn(request.Path))
        {
            return Bucket("sign-in " + address, rates.SignInBurst, rates.SignInsPerMinute, TimeSpan.FromMinutes(1));
        }
        if (IsMachineDoor(request.Path))
        {
            return Bucket("machine " + address, rates.MachinePerSecond * 4, rates.MachinePerSecond, TimeSpan.FromSeconds(1));
        }
        var perSecond = IsBelow(request.Path, Assets) ? rates.AssetsPerSecond : rates.RequestsPerSecond;
        return Bucket((perSecond == rates.AssetsPerSecond ? "assets " : "pages ") + address, perSecond * 10, perSecond, TimeSpan.FromSeconds(1));
    }

    /// <summary>Each makes Portal, or another service, ask somebody.</summary>
    private static bool IsOutsideSignIn(PathString path) =>
        path.StartsWithSegments("/connect") && path.Value!.TrimEnd('/') is var door
        && (door.EndsWith("/sign-in", StringComparison.OrdinalIgnoreCase) || door.EndsWith("/signed-in", StringComparison.OrdinalIgnoreCase));

    private static RateLimitPartition<string> ByToken(HttpContext context, RateOptions rates)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        if (authorization.Length == 0 || IsMachineDoor(context.Request.Path))
        {
            return RateLimitPartition.GetNoLimiter("none");
        }
        // The hash, so that no token lies about in the limiter's memory.
        var token = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(authorization)));
        return Bucket("token " + token, rates.RequestsPerSecond * 10, rates.RequestsPerSecond, TimeSpan.FromSeconds(1));
    }

    private static RateLimitPartition<string> Bucket(string key, int burst, int refill, TimeSpan period) =>
        RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = burst,
            TokensPerPeriod = refill,
            ReplenishmentPeriod = period,
            AutoReplenishment = true,
        });

    /// <summary>IPv6 clients own a whole /64 and could come from a new address each time.</summary>
    private static string Address(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        if (address is null || address.IsIPv4MappedToIPv6 || address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6)
        {
            return address?.ToString() ?? "unknown";
        }
        return Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8));
    }

    private static bool IsBelow(PathString path, PathString[] doors)
    {
        foreach (var door in doors)
        {
            if (path.StartsWithSegments(door))
            {
                return true;
            }
        }
        return false;
    }

    private static async ValueTask RejectAsync(Microsoft.AspNetCore.RateLimiting.OnRejectedContext rejected, CancellationToken cancellationToken)
    {
        var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)) : 1;
        var context = rejected.HttpContext;
        context.Response.Headers.RetryAfter = wait.ToString(CultureInfo.InvariantCulture);
        await Results.Problem(statusCode: StatusCodes.Status429TooManyRequests, title: "Too many requests",
            detail: $"There were too many requests from this address or token. Try again in {wait} s.").ExecuteAsync(context);
    }
}
