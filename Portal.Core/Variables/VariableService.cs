using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;

namespace Portal.Core.Variables;

/// <param name="Value">At most 32 KiB. Null keeps a secret's value when only its use changes.</param>
public sealed record VariableInput(string Key, string? Value, bool Secret = false, VariableUse Use = VariableUse.Run);

/// <summary>A variable as people see it: <see cref="Value"/> is null for a secret, always.</summary>
public sealed record VariableView(string Key, string? Value, bool Secret, VariableUse Use, string? ManagedBy, DateTimeOffset SetAt, string SetBy);

/// <summary>
/// Variables and secrets of an environment. Every version is kept. A changed run variable makes a release, a changed
/// build variable builds; several set at once make one.
/// </summary>
public sealed partial class VariableService(IDbContextFactory<PortalDbContext> contexts, AuditTrail audit, SecretBox secrets, IEnvironmentChanges changes, LimitOptions limits, TimeProvider time)
{
    public const int MaxValueLength = 32 * 1024;

    private static readonly HashSet<string> Own = ["PORT", "PATH", "HOME", "USER", "TMPDIR", "LD_PRELOAD"];

    public async Task<IReadOnlyList<VariableView>> ListAsync(Actor actor, AppPath path, string environment, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.ViewApp, cancellationToken);
        return await VariableStore.Current(db, found.Environment.Id).OrderBy(v => v.Key)
            .Select(v => new VariableView(v.Key, v.Secret ? null : v.Value, v.Secret, v.Use, v.ManagedBy, v.SetAt, v.SetBy))
            .ToListAsync(cancellationToken);
    }

    /// <summary>Sets all of them or none.</summary>
    public async Task SetAsync(Actor actor, AppPath path, string environment, IReadOnlyList<VariableInput> inputs, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.EditVariables, cancellationToken);
        Check(inputs);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var row = (await db.LockAsync<AppEnvironment>(found.Environment.Id, cancellationToken))!;
        var current = await VariableStore.Current(db, row.Id).ToDictionaryAsync(v => v.Key, cancellationToken);
        if (current.Keys.Union(inputs.Select(i => i.Key)).Count() > limits.VariablesPerEnvironment)
        {
            throw PortalException.Conflict($"An environment has at most {limits.VariablesPerEnvironment} variables.");
        }
        var changed = new List<Variable>();
        foreach (var input in inputs)
        {
            current.TryGetValue(input.Key, out var old);
            if (old?.ManagedBy is { } owner)
            {
                throw PortalException.Invalid(input.Key, $"{input.Key} belongs to {owner} and cannot be set by hand.");
            }
            var next = Next(row.Id, input, old, actor);
            if (old is not null && !Differs(old, next))
            {
                continue;
            }
            VariableStore.Replace(db, old, next);
            changed.Add(next);
            audit.Record(db, actor, "variable.set", $"{found.Path} {input.Key}", found.Team.Id, found.App.Id,
                old is null ? null : new { value = old.Secret ? "(secret)" : old.Value, old.Secret, use = old.Use },
                new { value = next.Secret ? "(secret)" : next.Value, next.Secret, use = next.Use });
        }
        await FollowUpAsync(db, row, actor, changed, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task RemoveAsync(Actor actor, AppPath path, string environment, string key, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.EditVariables, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var row = (await db.LockAsync<AppEnvironment>(found.Environment.Id, cancellationToken))!;
        var old = await VariableStore.Current(db, row.Id).SingleOrDefaultAsync(v => v.Key == key, cancellationToken) ?? throw PortalException.NotFound("variable of this name");
        if (old.ManagedBy is { } owner)
        {
            throw PortalException.Conflict($"{key} belongs to {owner}; remove that instead.");
        }
        var next = new Variable { Id = Guid.CreateVersion7(time.GetUtcNow()), EnvironmentId = row.Id, Key = key, Secret = old.Secret, Use = old.Use, Removed = true, SetAt = time.GetUtcNow(), SetBy = actor.Name };
        VariableStore.Replace(db, old, next);
        audit.Record(db, actor, "variable.remove", $"{found.Path} {key}", found.Team.Id, found.App.Id, before: new { value = old.Secret ? "(secret)" : old.Value });
        await FollowUpAsync(db, row, actor, [next], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static bool Differs(Variable old, Variable next) =>
        old.Secret != next.Secret || old.Use != next.Use || old.Value != next.Value || !ReferenceEquals(old.Sealed, next.Sealed);

    private Variable Next(Guid environment, VariableInput input, Variable? old, Actor actor)
    {
        if (input.Value is null && !(input.Secret && old is { Secret: true }))
        {
            throw PortalException.Invalid(input.Key, $"{input.Key} needs a value.");
        }
        return new Variable
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            EnvironmentId = environment,
            Key = input.Key,
            Value = input.Secret ? null : input.Value,
            Sealed = !input.Secret ? null : input.Value is null ? old!.Sealed : secrets.Seal(SecretPurposes.Variable, input.Value),
            Secret = input.Secret,
            Use = input.Use,
            Removed = false,
            SetAt = time.GetUtcNow(),
            SetBy = actor.Name,
        };
    }

    private async Task FollowUpAsync(PortalDbContext db, AppEnvironment environment, Actor actor, List<Variable> changed, CancellationToken cancellationToken)
    {
        if (changed.Count == 0)
        {
            return;
        }
        // The rows first: the release made next reads them.
        await db.SaveAsync(cancellationToken);
        var keys = string.Join(", ", changed.Take(3).Select(v => v.Key)) + (changed.Count > 3 ? $" and {changed.Count - 3} more" : "");
        var note = $"{keys} {(changed.All(v => v.Removed) ? "removed" : "changed")}";
        if (changed.Any(v => v.Use != VariableUse.Run))
        {
            await changes.RebuildAsync(db, environment, actor, note, cancellationToken);
        }
        else
        {
            await changes.ReleaseAsync(db, environment, actor, note, cancellationToken);
        }
        db.Signal(LiveTopics.Environment, environment.Id);
        await db.SaveAsync(cancellationToken);
    }

    private static void Check(IReadOnlyList<VariableInput> inputs)
    {
        var errors = new FieldErrors();
        if (inputs.Count is 0 or > 200)
        {
            errors.Add("variables", "Give 1 to 200 variables.");
        }
        foreach (var input in inputs)
        {
            var field = input.Key.Length is 0 or > 60 ? "key" : input.Key;
            if (!KeyPattern().IsMatch(input.Key))
            {
                errors.Add(field, "A name has letters, digits and underscores, does not start with a digit, and has at most 128 characters.");
            }
            else if (Own.Contains(input.Key) || input.Key.StartsWith("PORTAL_", StringComparison.Ordinal))
            {
                errors.Add(field, $"{input.Key} is set by Portal itself; choose another name.");
            }
            if (input.Value is { Length: > MaxValueLength })
            {
                errors.Add(field, $"A value has at most {MaxValueLength / 1024} KiB.");
            }
            if (input.Value?.Contains('\0', StringComparison.Ordinal) == true)
            {
                errors.Add(field, "A value cannot hold a zero byte.");
            }
        }
        foreach (var twice in inputs.GroupBy(i => i.Key).Where(g => g.Count() > 1))
        {
            errors.Add(twice.Key, $"{twice.Key} is given more than once.");
        }
        errors.ThrowIfAny();
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
    private static partial Regex KeyPattern();
}
