using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Portal.Core.Common;

namespace Portal.Web.Api.Plumbing;

/// <summary>The query parameters of every list.</summary>
internal readonly record struct ListQuery(
    [property: FromQuery(Name = "after"), Description("The “next” of the previous page.")] string? After,
    [property: FromQuery(Name = "limit"), Description("How many, 1 to 200; 50 unless told.")] int? Limit)
{
    public PageRequest ToRequest()
    {
        if (Limit is < 1 or > PageRequest.MaxLimit)
        {
            throw PortalException.Invalid("limit", $"“limit” must be 1 to {PageRequest.MaxLimit}.");
        }
        if (After is { Length: > 500 })
        {
            throw PortalException.Invalid("after", "“after” must be the “next” of the previous page.");
        }
        return new PageRequest(After, Limit);
    }
}

/// <summary>A list as the API answers it.</summary>
/// <param name="Next">Send it as <c>after</c> for the following page; null at the end.</param>
internal sealed record ListOf<T>(IReadOnlyList<T> Items, string? Next)
{
    public static ListOf<T> From<TSource>(Page<TSource> page, Func<TSource, T> shape) => new([.. page.Items.Select(shape)], page.Next);
}
