namespace Portal.Benchmarks;

/// <summary>One promise about speed, measured against a yardstick in the same run.</summary>
internal abstract class Benchmark
{
    /// <summary>As given to <c>./portal bench NAME</c>.</summary>
    public abstract string Name { get; }

    public abstract Task<IReadOnlyList<Row>> RunAsync();
}

/// <param name="What">What was measured.</param>
/// <param name="Portal">Portal's figure with its unit.</param>
/// <param name="Yardstick">The figure of what it is measured against.</param>
/// <param name="Verdict">The ratio and what was promised.</param>
internal sealed record Row(string What, string Portal, string Yardstick, string Verdict, bool Met);

internal static class Table
{
    public static void Write(IReadOnlyList<Row> rows, TextWriter output)
    {
        string[][] cells = [["what", "portal", "yardstick", "result", ""], .. rows.Select(r => new[] { r.What, r.Portal, r.Yardstick, r.Verdict, r.Met ? "ok" : "MISSED" })];
        var widths = Enumerable.Range(0, 5).Select(column => cells.Max(row => row[column].Length)).ToArray();
        foreach (var row in cells)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
