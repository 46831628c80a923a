using Portal.Core.Common;
using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Diagnosis;
using static Portal.Core.Tests.Runtimes.Diagnosis.StartDiagnosisTests;

namespace Portal.Core.Tests.Runtimes.Diagnosis;

public sealed class RunningDiagnosisTests
{
    private readonly Workload workload = Workload(version: 12, health: "/health");

    [Fact]
    public void All_well_is_one_short_line()
    {
        var status = RunningDiagnosis.Of(workload, [Instance(workload, InstanceState.Ready), Instance(workload, InstanceState.Ready)]);
        Assert.Equal((Severity.Ok, "Running v12, 2 instances"), (status.Severity, status.Title));
    }

    [Fact]
    public void Fewer_than_wanted_is_work_in_progress()
    {
        var status = RunningDiagnosis.Of(workload, [Instance(workload, InstanceState.Ready), Instance(workload, InstanceState.Starting)]);
        Assert.Equal((Severity.Working, "v12: 1 of 2 instances answers"), (status.Severity, status.Title));
    }

    [Fact]
    public void No_instances_wanted_is_asleep() =>
        Assert.Equal(Severity.Asleep, RunningDiagnosis.Of(workload with { Processes = [] }, []).Severity);

    [Fact]
    public void Ending_again_and_again_names_the_cause_and_the_way_back()
    {
        var status = RunningDiagnosis.Of(workload, [Instance(workload, InstanceState.Crashed, Exit(1, "KeyError: 'API_KEY'"), restarts: 4)], previous: 11);

        Assert.Equal((Severity.Error, "v12 keeps ending: the variable API_KEY is missing"), (status.Severity, status.Title));
        Assert.Contains("started 5 times", status.Detail, StringComparison.Ordinal);
        Assert.Equal(["add-variable:API_KEY", "rollback:11"], status.Actions.Select(a => a.Id));
    }

    [Fact]
    public void One_of_two_ending_is_a_warning() =>
        Assert.Equal(Severity.Warning, RunningDiagnosis.Of(workload, [Instance(workload, InstanceState.Ready), Instance(workload, InstanceState.Crashed, Exit(1))]).Severity);

    [Fact]
    public void Restarted_for_memory_is_told_while_it_runs()
    {
        var status = RunningDiagnosis.Of(workload, [Instance(workload, InstanceState.Ready), Instance(workload, InstanceState.Ready, Exit(null, signal: 9, outOfMemory: true), restarts: 2)]);

        Assert.Equal((Severity.Warning, "Running v12, but web went over its memory 2 times"), (status.Severity, status.Title));
        Assert.Equal("memory:512", Assert.Single(status.Actions).Id);
    }

    [Fact]
    public void Over_its_disk_is_told_while_it_runs_again_and_while_it_does_not()
    {
        var filled = Exit(null, signal: 9) with { OutOfDisk = true };
        var again = RunningDiagnosis.Of(workload with { DiskMb = 1536 }, [Instance(workload, InstanceState.Ready), Instance(workload, InstanceState.Ready, filled, restarts: 2)], previous: 11);
        Assert.Equal((Severity.Warning, "Running v12, but it used more than 1.5 GB of disk"), (again.Severity, again.Title));
        Assert.Equal("rollback:11", Assert.Single(again.Actions).Id);

        var down = RunningDiagnosis.Of(workload, [Instance(workload, InstanceState.Crashed, filled)]);
        Assert.Equal((Severity.Error, "v12 keeps ending: it used more than 1 GB of disk"), (down.Severity, down.Title));
        Assert.Contains("What it wrote was removed", down.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_others_in_the_network_can_reach_is_mentioned()
    {
        var status = RunningDiagnosis.Of(workload, [Instance(workload, InstanceState.Ready) with { Port = 20_417, ListensWidely = true }, Instance(workload, InstanceState.Ready)]);
        Assert.Equal(Severity.Ok, status.Severity);
        Assert.Contains("reach port 20417 without passing Portal", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unwell_instance_names_its_health_path()
    {
        var status = RunningDiagnosis.Of(workload, [Instance(workload, InstanceState.Ready), Instance(workload, InstanceState.Starting, health: 503)]);
        Assert.Equal((Severity.Warning, "v12: the health path /health answers 503"), (status.Severity, status.Title));
    }
}
