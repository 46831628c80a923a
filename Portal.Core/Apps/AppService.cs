using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Apps;

/// <param name="Branch">The branch production follows; null: the first pushed one (Portal), or the remote's default branch (Git).</param>
/// <param name="PlanOverrides">JSON of PlanOverrides, validated by the caller's type.</param>
/// <param name="Repository">Of a GitHub source: <c>owner/name</c>.</param>
/// <param name="Connection">Of a GitHub source: the connection that has it; null where only one does.</param>
/// <param name="AccessToken">Of an https source that not everybody may read: a token that may read it, best of this repository alone.</param>
public sealed record NewApp(string Name, SourceKind Source, string? Url = null, string? Branch = null, string? Directory = null,
    IReadOnlyList<DeployRule>? DeployOn = null, string? PlanOverrides = null, string? Repository = null, Guid? Connection = null, string? AccessToken = null)
{
    public override string ToString() => $"{Name} {Source}";
}

/// <param name="PushUrl">For Portal's own repository.</param>
/// <param name="WebhookSecret">Shown this once.</param>
public sealed record CreatedApp(App App, AppEnvironment Production, string? PushUrl, string? WebhookUrl, string? WebhookSecret);

/// <param name="AccessToken">"" removes it.</param>
public sealed record AppChange(string? SourceUrl = null, string? Directory = null, string? PlanOverrides = null, uint? IfVersion = null, string? AccessToken = null)
{
    public override string ToString() => $"change of {SourceUrl}";
}

/// <summary>
/// Apps: one repository folder that runs. Creating one makes its production environment; deleting one marks it and lets
/// the worker stop and remove everything, so that a crash in between loses nothing.
/// </summary>
public sealed class AppService(IDbContextFactory<PortalDbContext> contexts, AuditTrail audit, JobQueue jobs, SecretBox secrets, Addresses addresses, PortalOptions options, TimeProvider time, IDeployKeyMaker? deployKeys = null, IRepositoryDirectory? repositories = null)
{
    public async Task<CreatedApp> CreateAsync(Actor actor, string team, NewApp request, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var owner = await db.FindTeamAsync(actor, team, Permission.CreateApp, cancellationToken);
        var errors = new FieldErrors()
            .Add("name", Slug.ProblemForApp(request.Name))
            .Add("source.directory", SourceRules.DirectoryProblem(request.Directory))
            .Add("source.branch", SourceRules.BranchProblem(request.Branch));
        if (request.Source == SourceKind.Git)
        {
            errors.Add("source.url", SourceRules.UrlProblem(request.Url, options.Git));
            errors.Add("source.token", SourceRules.TokenProblem(request.AccessToken, request.Url));
        }
        else if (request.Source == SourceKind.GitHub)
        {
            errors.Add("source.repository", SourceRules.RepositoryProblem(request.Repository));
        }
        else if (!string.IsNullOrEmpty(request.Url))
        {
            errors.Add("source.url", "Portal's own repository has no address of its own to give; leave url out.");
        }
        foreach (var rule in request.DeployOn ?? [])
        {
            errors.Add("deployOn", SourceRules.RuleProblem(rule));
        }
        if (request.DeployOn is { Count: > 10 })
        {
            errors.Add("deployOn", "At most 10 rules.");
        }
        errors.ThrowIfAny();

        var repository = request.Source != SourceKind.GitHub ? null
            : repositories is null ? throw PortalException.Conflict("This host knows no connections.")
            : await repositories.FindAsync(db, owner.Id, request.Connection, request.Repository!, cancellationToken);
        var key = request.Source == SourceKind.Git && deployKeys is not null ? await deployKeys.MakeAsync($"portal {owner.Slug}/{request.Name}", cancellationToken) : null;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockAsync<Teams.Team>(owner.Id, cancellationToken);
        if (await db.Set<App>().CountAsync(a => a.TeamId == owner.Id, cancellationToken) >= options.Limits.AppsPerTeam)
        {
            throw PortalException.Conflict($"The team has {options.Limits.AppsPerTeam} apps, which is its limit; delete one or ask an admin.");
        }
        if (await db.Set<App>().AnyAsync(a => a.TeamId == owner.Id && a.Slug == request.Name, cancellationToken))
        {
            throw new PortalException(Refusal.Conflict, $"The team already has an app “{request.Name}”; choose another name.",
                new Dictionary<string, string[]> { ["name"] = ["This name is taken in the team."] });
        }
        var now = time.GetUtcNow();
        var webhookSecret = request.Source == SourceKind.Git ? SecretTokens.WebhookSecret() : null;
        var app = new App
        {
            Id = Guid.NewGuid(),
            TeamId = owner.Id,
            Slug = request.Name,
            SourceKind = request.Source,
            SourceUrl = request.Source == SourceKind.Git ? request.Url : repository?.Url,
            ConnectionId = repository?.ConnectionId,
            InstallationId = repository?.InstallationId,
            RepositoryId = repository?.RepositoryId,
            Directory = request.Directory ?? "",
            PlanOverrides = request.PlanOverrides,
            WebhookSecret = webhookSecret is null ? null : secrets.Seal(SecretPurposes.WebhookSecret, webhookSecret),
            DeployKey = key is null ? null : secrets.Seal(SecretPurposes.DeployKey, key.Private),
            DeployKeyPublic = key?.Public,
            AccessToken = request.Source == SourceKind.Git && !string.IsNullOrEmpty(request.AccessToken) ? secrets.Seal(SecretPurposes.AccessToken, request.AccessToken) : null,
            CreatedAt = now,
            CreatedBy = actor.UserId,
        };
        var production = new AppEnvironment
        {
            Id = Guid.CreateVersion7(now),
            AppId = app.Id,
            TeamId = owner.Id,
            Slug = Addresses.Production,
            Branch = string.IsNullOrEmpty(request.Branch) ? repository?.DefaultBranch : request.Branch,
            DeployOn = request.DeployOn is { Count: > 0 } rules ? [.. rules] : [new DeployRule { On = DeployTrigger.Push }],
            CreatedAt = now,
            Status = CoreJson.Write(Status.Of(Severity.Asleep, "Nothing deployed yet", "", "Push to the repository to deploy.")),
            StatusAt = now,
        };
        db.Add(app);
        db.Add(production);
        // Its address says that nothing is deployed, not that there is no app.
        jobs.Enqueue(db, EnvironmentService.EnvironmentJob(production));
        audit.Record(db, actor, "app.create", $"{owner.Slug}/{app.Slug}", owner.Id, app.Id, after: new { source = request.Source, Url = app.SourceUrl, production.Branch, request.Directory });
        db.Signal(LiveTopics.Team, owner.Id);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new CreatedApp(app, production,
            request.Source == SourceKind.Portal ? addresses.PushUrl(owner.Slug, app.Slug) : null,
            webhookSecret is null ? null : addresses.WebhookUrl(app.Id), webhookSecret);
    }

    public async Task<App> UpdateAsync(Actor actor, AppPath path, AppChange change, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.EditApp, cancellationToken);
        var app = found.App;
        new FieldErrors()
            .Add("source.url", change.SourceUrl is null ? null : app.SourceKind == SourceKind.Git ? SourceRules.UrlProblem(change.SourceUrl, options.Git) : "This repository's address is not changed by hand.")
            .Add("source.directory", SourceRules.DirectoryProblem(change.Directory))
            .Add("source.token", app.SourceKind == SourceKind.Git || change.AccessToken is null ? SourceRules.TokenProblem(change.AccessToken, change.SourceUrl ?? app.SourceUrl) : "Only an app of any git address has an access token.")
            .ThrowIfAny();
        var before = new { app.SourceUrl, app.Directory, app.PlanOverrides, HasToken = app.AccessToken is not null };
        if (change.IfVersion is { } version && version != app.Version)
        {
            throw new PortalException(Refusal.Changed, "Somebody changed this app since you read it; read it again.");
        }
        if (change.AccessToken is { } token)
        {
            app.AccessToken = token.Length == 0 ? null : secrets.Seal(SecretPurposes.AccessToken, token);
        }
        // A token goes to the host that it was given for, and to no other.
        else if (change.SourceUrl is { } moved && !SameHost(moved, app.SourceUrl))
        {
            app.AccessToken = null;
        }
        app.SourceUrl = change.SourceUrl ?? app.SourceUrl;
        app.Directory = change.Directory ?? app.Directory;
        app.PlanOverrides = change.PlanOverrides ?? app.PlanOverrides;
        audit.Record(db, actor, "app.change", found.Path, app.TeamId, app.Id, before, new { app.SourceUrl, app.Directory, app.PlanOverrides, HasToken = app.AccessToken is not null });
        db.Signal(LiveTopics.App, app.Id);
        await db.SaveAsync(cancellationToken);
        return app;
    }

    private bool SameHost(string one, string? other) =>
        RepositoryAddress.TryParse(one, options.Git, out var a, out _) && RepositoryAddress.TryParse(other ?? "", options.Git, out var b, out _) && (a.Scheme, a.Host, a.Port) == (b.Scheme, b.Host, b.Port);

    /// <summary>Makes a new webhook secret; the old one works for another day, unless this is done twice. Returns the new value, shown this once.</summary>
    public async Task<string> RotateWebhookSecretAsync(Actor actor, AppPath path, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.EditApp, cancellationToken);
        if (found.App.SourceKind != SourceKind.Git)
        {
            throw PortalException.Conflict("This repository needs no webhook of its own.");
        }
        var secret = SecretTokens.WebhookSecret();
        found.App.PreviousWebhookSecret = found.App.WebhookSecret;
        found.App.WebhookSecretChangedAt = time.GetUtcNow();
        found.App.WebhookSecret = secrets.Seal(SecretPurposes.WebhookSecret, secret);
        audit.Record(db, actor, "app.webhook-secret", found.Path, found.App.TeamId, found.App.Id);
        await db.SaveAsync(cancellationToken);
        return secret;
    }

    /// <summary>The git host has a new ssh key and a person has made sure that it is the host's: the next look trusts what it sees.</summary>
    public async Task TrustNewHostKeyAsync(Actor actor, AppPath path, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.EditApp, cancellationToken);
        if (found.App.SourceKind != SourceKind.Git)
        {
            throw PortalException.Conflict("This repository is not read over ssh.");
        }
        found.App.HostKeyGeneration++;
        audit.Record(db, actor, "app.host-key", found.Path, found.App.TeamId, found.App.Id, after: new { found.App.SourceUrl });
        db.Signal(LiveTopics.App, found.App.Id);
        await db.SaveAsync(cancellationToken);
    }

    /// <param name="confirmation">The app's name, typed by the person.</param>
    public async Task DeleteAsync(Actor actor, AppPath path, string confirmation, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.DeleteApp, cancellationToken);
        if (confirmation != found.App.Slug)
        {
            throw PortalException.Invalid("confirm", $"Type the app's name, {found.App.Slug}, to delete it.");
        }
        found.App.DeletedAt = time.GetUtcNow();
        await foreach (var environment in db.Set<AppEnvironment>().Where(e => e.AppId == found.App.Id).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            environment.DeletedAt ??= found.App.DeletedAt;
        }
        jobs.Enqueue(db, new JobRequest(JobKinds.RemoveApp, found.App.Id.ToString()) { TeamId = found.App.TeamId, Lane = $"remove:{found.App.Id}", MaxAttempts = 20 });
        audit.Record(db, actor, "app.delete", found.Path, found.App.TeamId, found.App.Id);
        db.Signal(LiveTopics.Team, found.App.TeamId);
        db.Signal(LiveTopics.App, found.App.Id);
        await db.SaveAsync(cancellationToken);
    }
}
