using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Runtimes;

namespace Portal.Core.Releases;

/// <summary>Environment + release + artifact → workload. Pure: the same facts always give the same workload.</summary>
public static class WorkloadPlan
{
    /// <param name="neighbours">Addresses by name of the team's other apps in environments of the same name.</param>
    /// <param name="label"><c>{team}/{app}/{env}</c>.</param>
    /// <param name="artifact">Absolute folder.</param>
    /// <param name="secrets">The environment's secrets as they are now: a rollback brings back code and variables, not secrets.</param>
    public static Workload Of(string label, string address, AppEnvironment environment, Release release, BuildPlan plan, string artifact,
        IReadOnlyDictionary<string, string> secrets, IReadOnlyDictionary<string, string> neighbours)
    {
        var variables = new Dictionary<string, string>(plan.RunEnvironment);
        foreach (var (app, its) in neighbours)
        {
            variables[$"PORTAL_APP_{app.Replace('-', '_').ToUpperInvariant()}"] = its;
        }
        foreach (var (key, value) in release.Variables.Concat(secrets))
        {
            variables[key] = value;
        }
        variables["PORTAL_ENVIRONMENT"] = environment.Slug;
        variables["PORTAL_RELEASE"] = $"v{release.Version}";
        variables["PORTAL_COMMIT"] = release.Commit;
        variables["PORTAL_ADDRESS"] = address;
        return new Workload
        {
            Key = new WorkloadKey(environment.Id, release.Version),
            Label = label,
            Artifact = artifact,
            Processes = [.. plan.Processes.Select(p => new WorkloadProcess(p.Name, p.Command, p.StaticRoot, p.SpaFallback, Instances(environment, p.Name)))],
            Variables = variables,
            LoopbackNames = [.. neighbours.Values.Append(address).Select(a => new Uri(a).Host).Where(h => h.EndsWith(".localhost", StringComparison.Ordinal)).Order(StringComparer.Ordinal)],
            MemoryMb = environment.Scale.MemoryMb,
            HealthPath = environment.HealthPath,
            FixedPort = environment.FixedPort,
        };
    }

    /// <summary>None of one that sleeps. One of each process type unless said otherwise; one web instance where the app fixes its port itself.</summary>
    private static int Instances(AppEnvironment environment, string process)
    {
        if (environment.AsleepSince is not null)
        {
            return 0;
        }
        var wanted = environment.Scale.Instances.TryGetValue(process, out var count) ? count : 1;
        return process == ProcessNames.Web && environment.FixedPort is not null ? Math.Min(wanted, 1) : wanted;
    }
}

public static class ProcessNames
{
    /// <summary>The process type that receives requests.</summary>
    public const string Web = "web";
}
