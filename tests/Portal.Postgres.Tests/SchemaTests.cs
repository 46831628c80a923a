using Npgsql;
using Portal.Migrations;
using Portal.Testing;

namespace Portal.Postgres.Tests;

public sealed class SchemaTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_hosts_own_no_table()
    {
        await using var database = await PortalDatabase.CreateAsync(Now);
        await using var command = database.Source.CreateCommand(
            "select coalesce(string_agg(tablename, ', '), '') from pg_tables where schemaname = 'public' and tableowner <> 'portal_owner'");
        Assert.Equal("", await command.ExecuteScalarAsync(Now));
    }

    [Theory]
    [InlineData("delete from audit_entries")]
    [InlineData("truncate audit_entries")]
    [InlineData("alter table audit_entries add column extra text")]
    [InlineData("create table extra (id int)")]
    public async Task The_hosts_may_not_change_facts_or_tables(string sql)
    {
        await using var database = await PortalDatabase.CreateAsync(Now);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync(sql, Now));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task Migrating_twice_applies_nothing_the_second_time()
    {
        await using var database = await PortalDatabase.CreateAsync(Now);
        var again = await SchemaMigrator.ApplyAsync(database.OwnerConnectionString, "portal", Now);
        Assert.Empty(again.Applied);
        Assert.True(again.Granted);
        Assert.False((await SchemaMigrator.ApplyAsync(database.OwnerConnectionString, "nobody-by-this-name", Now)).Granted);
    }

    [Fact]
    public async Task Two_tests_do_not_see_each_others_rows()
    {
        await using var one = await PortalDatabase.CreateAsync(Now);
        await using var other = await PortalDatabase.CreateAsync(Now);
        await one.ExecuteAsync("insert into host_processes (id, role, version, started_at, seen_at, memory_bytes) values (gen_random_uuid(), 'web', '1', now(), now(), 0)", Now);
        await using var command = other.Source.CreateCommand("select count(*) from host_processes");
        Assert.Equal(0L, await command.ExecuteScalarAsync(Now));
    }
}
