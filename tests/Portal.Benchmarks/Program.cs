using Portal.Benchmarks;

// The programs that Portal is measured against are this program in another role.
if (args is ["serve", var role, .. var arguments])
{
    return await BareServers.RunAsync(role, arguments);
}

IReadOnlyList<Benchmark> all = [new GatewayBenchmark(), new WebhookBenchmark(), new ConnectionBenchmark(), new AppsPageBenchmark(), new StartBenchmark(), new DeployBenchmark()];
var chosen = args.Length == 0 ? all : [.. all.Where(b => args.Contains(b.Name))];
if (chosen.Count == 0)
{
    Console.Error.WriteLine($"There is no such benchmark. There are: {string.Join(", ", all.Select(b => b.Name))}.");
    return 2;
}
var rows = new List<Row>();
foreach (var benchmark in chosen)
{
    Console.Error.WriteLine($"measuring {benchmark.Name} …");
    try
    {
        rows.AddRange(await benchmark.RunAsync());
    }
    catch (Exception e)
    {
        rows.Add(new Row(benchmark.Name, "failed", "", e.Message.ReplaceLineEndings(" "), Met: false));
    }
}
Table.Write(rows, Console.Out);
return rows.All(row => row.Met) ? 0 : 1;
