namespace Portal.Web.Components.Controls;

/// <summary>Times, durations and counts as people read them. <c>wwwroot/js/times.js</c> says the same words as time passes.</summary>
public static class Words
{
    public static string Ago(DateTimeOffset at, DateTimeOffset now)
    {
        var seconds = (long)Math.Floor((now - at).TotalSeconds);
        return seconds switch
        {
            < -5 => Until(-seconds),
            < 10 => "just now",
            < 60 => $"{seconds} s ago",
            < 3600 => $"{seconds / 60} min ago",
            < 86400 => $"{seconds / 3600} h ago",
            < 30 * 86400 => $"{seconds / 86400} d ago",
            _ => at.UtcDateTime.ToString("d MMM yyyy"),
        };
    }

    public static string Duration(TimeSpan span)
    {
        var seconds = Math.Max(0, span.TotalSeconds);
        if (seconds < 10)
        {
            return $"{seconds:0.0} s";
        }

        if (seconds < 60)
        {
            return $"{(int)seconds} s";
        }

        var minutes = (int)(seconds / 60);
        return minutes < 60
            ? $"{minutes} min {(int)(seconds % 60):00} s"
            : $"{minutes / 60} h {minutes % 60:00} min";
    }

    /// <summary>"1 app", "2 apps"; the plural is the singular with an s unless told otherwise.</summary>
    public static string Count(long n, string one, string? many = null) => n == 1 ? $"1 {one}" : $"{Number(n)} {many ?? one + "s"}";

    /// <summary>The first clause of a status sentence, for rows and headers: "v1 did not start" of "v1 did not start: it exited with code 13; …".</summary>
    public static string Short(string sentence)
    {
        var end = sentence.AsSpan().IndexOfAny(':', ';');
        return sentence.Length > 40 && end > 0 && end < sentence.Length - 1 && sentence[end + 1] == ' ' ? sentence[..end] : sentence;
    }

    public static string Number(long n) => n.ToString("#,0");

    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => $"{bytes / 1024.0:0} KB",
        < 1024L * 1024 * 1024 => $"{bytes / (1024.0 * 1024):0.#} MB",
        _ => $"{bytes / (1024.0 * 1024 * 1024):0.#} GB",
    };

    private static string Until(long seconds) => seconds switch
    {
        < 60 => $"in {seconds} s",
        < 3600 => $"in {seconds / 60} min",
        < 86400 => $"in {seconds / 3600} h",
        _ => $"in {seconds / 86400} d",
    };
}
