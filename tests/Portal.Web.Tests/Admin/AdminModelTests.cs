using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Jobs;
using Portal.Web.Components.Pages.Admin;

namespace Portal.Web.Tests.Admin;

public sealed class AdminModelTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_change_shows_what_was_and_what_is_and_leaves_out_what_stayed()
    {
        var changes = AuditModel.Changes(Entry("""{"role":"viewer","name":"Shop"}""", """{"role":"developer","name":"Shop","since":1}"""));
        Assert.Equal([new FieldChange("role", "viewer", "developer"), new FieldChange("since", null, "1")], changes);
    }

    [Theory]
    [InlineData("not JSON", "text")]
    [InlineData("[1,2]", "text")]
    [InlineData("""{"a":1,"a":2}""", "a")]
    public void A_tampered_entry_is_still_shown(string stored, string field) =>
        Assert.Equal(field, Assert.Single(AuditModel.Changes(Entry(null, stored))).Field);

    [Fact]
    public void The_verdict_is_a_sentence()
    {
        Assert.Equal("The trail is intact: 3 sealed entries in an unbroken chain, 1 about to be sealed.", AuditModel.Sentence(new AuditVerdict(true, 4, 3, null, null)));
        Assert.Equal("The trail was changed: it cannot be trusted from no. 2 on.", AuditModel.Sentence(new AuditVerdict(false, 4, 3, 2, "")));
    }

    [Fact]
    public void The_worst_is_said_first()
    {
        Assert.Equal(("Everything runs", Severity.Ok), Of(Model()));
        Assert.Equal(("1 job gave up", Severity.Warning), Of(Model(failed: true)));
        Assert.Equal(("Work waits for long", Severity.Warning), Of(Model(failed: true, oldest: Now.AddMinutes(-3))));
        Assert.Equal(("The disk is nearly full", Severity.Error), Of(Model(failed: true, free: 1)));
        Assert.Equal(("No worker is running", Severity.Error), Of(Model(free: 1, workerSilent: true)));
    }

    [Fact]
    public void A_silent_process_matters_until_another_takes_its_place()
    {
        var died = Process("web", started: -60, seen: -5);
        var successor = Process("web", started: -4, seen: 0);
        var model = Model();
        var alone = model with { System = model.System with { Processes = [.. model.System.Processes, died] }, Silent = [died] };
        Assert.Equal(("A web process is silent", Severity.Warning), Of(alone));
        var replaced = alone with { System = alone.System with { Processes = [.. alone.System.Processes, successor] } };
        Assert.True(replaced.IsReplaced(died));
        Assert.Equal(("Everything runs", Severity.Ok), Of(replaced));
    }

    private static HostProcess Process(string role, double started, double seen) =>
        new() { Id = Guid.NewGuid(), Role = role, Version = "1", StartedAt = Now.AddMinutes(started), SeenAt = Now.AddMinutes(seen) };

    private static (string, Severity) Of(SystemModel model) => (model.Status.Title, model.Status.Severity);

    private static SystemModel Model(bool failed = false, DateTimeOffset? oldest = null, long free = 1L << 40, bool workerSilent = false)
    {
        var worker = Process("worker", started: 0, seen: 0);
        var job = new Job { Id = Guid.NewGuid(), Kind = "build", Key = "x", CreatedAt = Now, RunAfter = Now, MaxAttempts = 1, TimeLimitSeconds = 1 };
        var queue = new QueueOverview(oldest is null ? 0 : 1, 0, oldest, failed ? [job] : []);
        return new SystemModel(new SystemOverview([worker], queue, new Dictionary<string, int>(), 0), new DiskReport([], free, 1L << 41, Now, true),
            workerSilent ? [worker] : [], null, true, Now);
    }

    private static AuditRow Entry(string? before, string? after) =>
        new(Guid.NewGuid(), 1, Now, ActorKind.Person, "Ada", null, null, "member.change", "shop", null, "shop Grace", before, after, "done");
}
