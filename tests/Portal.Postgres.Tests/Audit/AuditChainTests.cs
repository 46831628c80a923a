using Npgsql;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Testing;

namespace Portal.Postgres.Tests.Audit;

public sealed class AuditChainTests
{
    [Fact]
    public async Task An_empty_trail_is_intact()
    {
        await using var world = await AuditWorld.CreateAsync();
        Assert.Equal(new AuditVerdict(true, 0, 0, null, null), await world.VerifyAsync());
    }

    [Fact]
    public async Task Sealed_entries_are_numbered_without_gaps_and_intact()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 5);
        await world.RecordAsync("not sealed yet");
        Assert.Equal(new AuditVerdict(true, 6, 5, null, null), await world.VerifyAsync());
        Assert.Equal(1, await world.SealAsync());
        Assert.Equal(0, await world.SealAsync());
    }

    [Theory]
    [InlineData("update audit_entries set after = '{\"branch\":\"evil\"}' where target = 'shop/api 3'")]
    [InlineData("update audit_entries set actor_name = 'Somebody' where target = 'shop/api 3'")]
    [InlineData("update audit_entries set at = at + interval '1 microsecond' where target = 'shop/api 3'")]
    [InlineData("update audit_entries set at = 'infinity' where target = 'shop/api 3'")]
    [InlineData("update audit_entries set address = '10.0.0.1' where target = 'shop/api 3'")]
    [InlineData("update audit_entries set target = 'shop/api', action = '3' || action where target = 'shop/api 3'")]
    [InlineData("update audit_seals set hash = sha256('x') where number = 3")]
    [InlineData("delete from audit_entries where target = 'shop/api 3'")]
    [InlineData("delete from audit_seals where number = 3")]
    [InlineData("with gone as (delete from audit_seals where number = 3 returning entry_id) delete from audit_entries where id in (select entry_id from gone)")]
    public async Task An_edited_or_removed_entry_is_found_where_it_was(string sql)
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 5);
        await world.TamperAsync(sql);
        var verdict = await world.VerifyAsync();
        Assert.Equal((false, 3L), (verdict.Intact, verdict.FirstBroken));
        Assert.NotNull(verdict.Reason);
    }

    [Fact]
    public async Task Entries_that_changed_places_are_found_at_the_first()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 5);
        await world.TamperAsync(
            """
            create temp table was as select number, entry_id from audit_seals where number in (2, 4);
            update audit_seals set entry_id = gen_random_uuid() where number = 2;
            update audit_seals set entry_id = (select entry_id from was where number = 2) where number = 4;
            update audit_seals set entry_id = (select entry_id from was where number = 4) where number = 2
            """);
        Assert.Equal(2, (await world.VerifyAsync()).FirstBroken);
    }

    private const string CutLastTwo =
        """
        delete from audit_checkpoints where number > 3;
        with gone as (delete from audit_seals where number > 3 returning entry_id) delete from audit_entries where id in (select entry_id from gone)
        """;

    [Fact]
    public async Task A_cut_end_is_found_by_the_checkpoints_beside_the_database()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 5);
        await world.TamperAsync(CutLastTwo);
        Assert.Equal(4, (await world.VerifyAsync()).FirstBroken);
    }

    [Fact]
    public async Task A_cut_end_is_found_by_a_checkpoint_that_was_kept_elsewhere()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 5);
        var kept = await world.Verifier.CheckpointAsync(AuditWorld.Admin, TestContext.Current.CancellationToken);
        Assert.Equal(5, kept.Number);
        await world.TamperAsync(CutLastTwo);
        File.Delete(world.CheckpointPath);
        Assert.True((await world.VerifyAsync()).Intact, "nothing is left that remembers the end");
        Assert.Equal(4, (await world.VerifyAsync(kept)).FirstBroken);
    }

    [Fact]
    public async Task A_cut_end_that_was_grown_over_is_found_too()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 5);
        await world.TamperAsync(CutLastTwo);
        foreach (var i in Enumerable.Range(1, 3))
        {
            await world.RecordAsync($"later {i}");
        }
        Assert.Equal(3, await world.SealAsync());
        Assert.Equal(5, (await world.VerifyAsync()).FirstBroken);
    }

    [Fact]
    public async Task A_chain_that_was_written_anew_is_found_by_a_checkpoint()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 3);
        await world.TamperAsync("update audit_entries set actor_name = 'Somebody' where target = 'shop/api 1'; delete from audit_checkpoints; delete from audit_seals");
        Assert.Equal(3, await world.SealAsync());
        Assert.Equal(3, (await world.VerifyAsync()).FirstBroken);
    }

    [Fact]
    public async Task A_half_written_checkpoint_line_accuses_nobody()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 2);
        await File.AppendAllTextAsync(world.CheckpointPath, "{\"number\":9,\"ha", TestContext.Current.CancellationToken);
        Assert.True((await world.VerifyAsync()).Intact);
    }

    [Fact]
    public async Task Two_sealers_at_once_make_one_chain()
    {
        await using var world = await AuditWorld.CreateAsync();
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(async w =>
        {
            for (var i = 0; i < 25; i++)
            {
                await world.RecordAsync($"shop/api {w}.{i}");
            }
        }));
        var sealing = Enumerable.Range(0, 2).Select(async _ =>
        {
            var sealer = world.Sealer();
            while (!writing.IsCompleted)
            {
                await sealer.SealAsync(whole: false, TestContext.Current.CancellationToken);
            }
        }).ToList();
        await Task.WhenAll([writing, .. sealing]);
        await world.SealAsync();
        Assert.Equal(new AuditVerdict(true, 100, 100, null, null), await world.VerifyAsync());
    }

    [Fact]
    public async Task An_entry_of_a_transaction_that_commits_late_is_sealed_later_and_not_lost()
    {
        await using var world = await AuditWorld.CreateAsync();
        await using var late = world.Database.CreateDbContext();
        await using var transaction = await late.Database.BeginTransactionAsync(TestContext.Current.CancellationToken);
        new AuditTrail(TimeProvider.System).Record(late, AuditWorld.Admin, "app.change", "late");
        await late.SaveChangesAsync(TestContext.Current.CancellationToken);
        await world.RecordAsync("early");
        Assert.Equal(1, await world.SealAsync());
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, await world.SealAsync());
        Assert.Equal(new AuditVerdict(true, 2, 2, null, null), await world.VerifyAsync());
    }

    [Fact]
    public async Task An_old_entry_is_sealed_by_the_whole_sweep()
    {
        await using var world = await AuditWorld.CreateAsync();
        await world.RecordAsync("old");
        await world.TamperAsync("update audit_entries set at = at - interval '3 days'");
        Assert.Equal(0, await world.SealAsync());
        Assert.Equal(1, await world.SealAsync(whole: true));
    }

    [Theory]
    [InlineData("update audit_entries set target = 'x'")]
    [InlineData("delete from audit_entries")]
    [InlineData("truncate audit_entries")]
    [InlineData("update audit_seals set number = 9")]
    [InlineData("delete from audit_seals")]
    [InlineData("delete from audit_checkpoints")]
    [InlineData("update audit_checkpoints set number = 9")]
    [InlineData("drop table audit_entries")]
    [InlineData("alter table audit_entries disable trigger all")]
    public async Task The_hosts_role_may_only_add_and_read(string sql)
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 1);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => world.Database.ExecuteAsync(sql, TestContext.Current.CancellationToken));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task Only_admins_and_auditors_verify()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 1);
        Assert.True((await world.Verifier.VerifyAsync(TestActors.Auditor(), null, TestContext.Current.CancellationToken)).Intact);
        var refused = await Assert.ThrowsAsync<PortalException>(() => world.Verifier.VerifyAsync(TestActors.Maintainer(Guid.NewGuid()), null, TestContext.Current.CancellationToken));
        Assert.Equal(Refusal.Denied, refused.Refusal);
    }
}
