using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Data;

namespace Portal.Core.Variables;

/// <summary>The values themselves, opened; for the builder and the roll-out only.</summary>
public sealed record VariableValues(IReadOnlyDictionary<string, string> Plain, IReadOnlyDictionary<string, string> Secrets);

/// <summary>Reads and writes versions of variables; asks nobody and follows nothing up. For Portal's own parts.</summary>
public sealed class VariableStore(SecretBox secrets, TimeProvider time)
{
    /// <summary>Sets a variable on behalf of an add-on, in its transaction; makes no release by itself.</summary>
    public async Task SetManagedAsync(PortalDbContext db, Guid environment, string key, string? value, string managedBy, CancellationToken cancellationToken)
    {
        var old = await Current(db, environment).SingleOrDefaultAsync(v => v.Key == key, cancellationToken);
        if (value is null && old is null)
        {
            return;
        }
        Replace(db, old, new Variable
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            EnvironmentId = environment,
            Key = key,
            Sealed = value is null ? null : secrets.Seal(SecretPurposes.Variable, value),
            Secret = true,
            Use = VariableUse.Run,
            ManagedBy = managedBy,
            Removed = value is null,
            SetAt = time.GetUtcNow(),
            SetBy = managedBy,
        });
    }

    /// <summary>The opened values for a run or a build.</summary>
    public async Task<VariableValues> OpenAsync(PortalDbContext db, Guid environment, bool forBuild, CancellationToken cancellationToken)
    {
        var rows = await Effective(db, environment).AsNoTracking().ToListAsync(cancellationToken);
        var wanted = rows.Where(v => v.Use == VariableUse.Both || v.Use == (forBuild ? VariableUse.Build : VariableUse.Run)).ToList();
        return new VariableValues(
            wanted.Where(v => !v.Secret).ToDictionary(v => v.Key, v => v.Value ?? ""),
            wanted.Where(v => v.Secret && v.Sealed is not null).ToDictionary(v => v.Key, v => secrets.Open(SecretPurposes.Variable, v.Sealed!)));
    }

    /// <summary>The keys of the secrets that a run sees.</summary>
    public async Task<IReadOnlyList<string>> SecretKeysAsync(PortalDbContext db, Guid environment, CancellationToken cancellationToken) =>
        await Effective(db, environment).Where(v => v.Secret && v.Use != VariableUse.Build).OrderBy(v => v.Key).Select(v => v.Key).ToListAsync(cancellationToken);

    /// <summary>Every secret of an environment, whatever its use: what logs must not show.</summary>
    public async Task<IReadOnlyList<string>> SecretValuesAsync(PortalDbContext db, Guid environment, CancellationToken cancellationToken) =>
        (await Effective(db, environment).AsNoTracking().Where(v => v.Secret).Select(v => v.Sealed!).ToListAsync(cancellationToken))
            .Where(s => s is not null).Select(s => secrets.Open(SecretPurposes.Variable, s)).ToList();

    /// <summary>The same of all environments of an app.</summary>
    public async Task<IReadOnlyList<string>> SecretValuesOfAppAsync(PortalDbContext db, Guid app, CancellationToken cancellationToken) =>
        (await (from v in db.Set<Variable>().AsNoTracking()
                join e in db.Set<AppEnvironment>() on v.EnvironmentId equals e.Id
                where e.AppId == app && e.DeletedAt == null && v.Current && !v.Removed && v.Sealed != null
                select v.Sealed).ToListAsync(cancellationToken)).Select(s => secrets.Open(SecretPurposes.Variable, s!)).ToList();

    internal static IQueryable<Variable> Current(PortalDbContext db, Guid environment) =>
        db.Set<Variable>().Where(v => v.EnvironmentId == environment && v.Current && !v.Removed);

    /// <summary>Those that count for a run or build there: its own, or those of the environment that it takes them from.</summary>
    private static IQueryable<Variable> Effective(PortalDbContext db, Guid environment) =>
        from e in db.Set<AppEnvironment>()
        join v in db.Set<Variable>() on e.VariablesFrom ?? e.Id equals v.EnvironmentId
        where e.Id == environment && v.Current && !v.Removed && !(e.WithoutSecrets && v.Secret)
        select v;

    internal static void Replace(PortalDbContext db, Variable? old, Variable next)
    {
        // By statement: the unique index on the current row needs the old one to step back first, and a removed one counts too.
        db.Defer($"update variables set current = false where environment_id = {next.EnvironmentId} and key = {next.Key} and current and id <> {next.Id}");
        if (old is not null)
        {
            db.Entry(old).State = EntityState.Detached;
        }
        next.Current = false;
        db.Add(next);
        db.Defer($"update variables set current = true where id = {next.Id}");
    }
}
