using System.Globalization;

namespace Portal.Core.Common;

/// <summary>
/// The place of the last row of a list that is ordered by time and id, newest first. Both are needed: rows of the same
/// moment would otherwise be skipped or shown twice.
/// </summary>
public readonly record struct TimeCursor(DateTimeOffset At, Guid Id)
{
    /// <summary>Before the first row.</summary>
    public static readonly TimeCursor Start = new(DateTimeOffset.MaxValue, Guid.Empty);

    /// <summary>What <see cref="ToString"/> wrote; anything else begins the list anew.</summary>
    public static TimeCursor Parse(string? text) =>
        text?.Split('.') is [var ticks, var id] && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var t)
            && t <= DateTimeOffset.MaxValue.UtcTicks && Guid.TryParse(id, out var last)
            ? new TimeCursor(new DateTimeOffset(t, TimeSpan.Zero), last) : Start;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At.UtcTicks}.{Id}");
}
