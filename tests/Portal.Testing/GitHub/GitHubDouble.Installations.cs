using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

public sealed partial class GitHubDouble
{
    /// <summary>Installs without the pages: on chosen repositories, or on all when none is named.</summary>
    public Task<DoubleInstallation> InstallAsync(DoubleApp app, string account, params DoubleRepository[] repositories)
    {
        lock (State.Gate)
        {
            var on = State.Person(account);
            return Task.FromResult(Install(app, on, repositories.Length == 0 ? null : repositories.Select(r => r.Id).ToHashSet(), Actor(on)));
        }
    }

    /// <summary>The webhook's address, its content type or its secret, as the app's owner changes them; null leaves it.</summary>
    public void SetHook(DoubleApp app, string? url = null, string? contentType = null, string? secret = null)
    {
        lock (State.Gate)
        {
            app.HookUrl = url ?? app.HookUrl;
            app.HookActive = app.HookUrl is not null;
            app.HookContentType = contentType ?? app.HookContentType;
            app.WebhookSecret = secret ?? app.WebhookSecret;
        }
    }

    /// <summary>Any event at all, such as one that is not known yet; over 25 MB it is not sent.</summary>
    public void Send(DoubleApp app, string @event, JsonObject payload)
    {
        lock (State.Gate)
        {
            Webhooks.OfApp(app, @event, null, payload);
        }
    }

    public Task SuspendInstallationAsync(DoubleInstallation installation)
    {
        lock (State.Gate)
        {
            Suspend(installation, Actor(installation.Account));
        }
        return Task.CompletedTask;
    }

    public Task UnsuspendAsync(DoubleInstallation installation)
    {
        lock (State.Gate)
        {
            Unsuspend(installation, Actor(installation.Account));
        }
        return Task.CompletedTask;
    }

    public Task DeleteInstallationAsync(DoubleInstallation installation)
    {
        lock (State.Gate)
        {
            Uninstall(installation, Actor(installation.Account));
        }
        return Task.CompletedTask;
    }

    public Task AddToInstallationAsync(DoubleInstallation installation, params DoubleRepository[] repositories)
    {
        lock (State.Gate)
        {
            Choose(installation, (installation.Chosen ?? new HashSet<long>()).Union(repositories.Select(r => r.Id)).ToHashSet(), Actor(installation.Account));
        }
        return Task.CompletedTask;
    }

    public Task RemoveFromInstallationAsync(DoubleInstallation installation, params DoubleRepository[] repositories)
    {
        lock (State.Gate)
        {
            var now = installation.Chosen ?? State.CoveredBy(installation).Select(r => r.Id).ToHashSet();
            Choose(installation, now.Except(repositories.Select(r => r.Id)).ToHashSet(), Actor(installation.Account));
        }
        return Task.CompletedTask;
    }

    /// <summary>The account's owner accepts what the app asks for now.</summary>
    public Task AcceptPermissionsAsync(DoubleInstallation installation, IReadOnlyDictionary<string, string> permissions, params string[] events)
    {
        lock (State.Gate)
        {
            var app = installation.App;
            app.Permissions = installation.Permissions = (app.Manifest with { Permissions = permissions }).Granted().Permissions;
            app.Events = installation.Events = events is [] ? app.Events : events;
            installation.UpdatedAt = State.Now;
            Webhooks.OfInstallation("installation", "new_permissions_accepted", installation, Actor(installation.Account), []);
        }
        return Task.CompletedTask;
    }

    /// <summary>The owner deletes the app: its token, its installations and its hook are gone at once.</summary>
    public Task DeleteAppAsync(DoubleApp app)
    {
        lock (State.Gate)
        {
            foreach (var installation in State.Installations.Values.Where(i => i.App == app && !i.IsDeleted).ToList())
            {
                Uninstall(installation, app.Owner);
            }
            app.IsDeleted = true;
        }
        return Task.CompletedTask;
    }

    // From here on under the gate: the pages and the REST API do the same.

    internal DoubleInstallation Install(DoubleApp app, DoubleAccount account, IReadOnlySet<long>? chosen, DoubleAccount sender)
    {
        if (State.InstallationOf(app, account) is not null)
        {
            throw new ArgumentException($"{app.Name} is installed on {account.Login}.", nameof(account));
        }
        var installation = new DoubleInstallation(State.NextId("installation"), app, account, State.Now) { Chosen = chosen };
        State.Installations.Add(installation.Id, installation);
        Webhooks.OfInstallation("installation", "created", installation, sender, new JsonObject
        {
            ["repositories"] = Brief(State.CoveredBy(installation)),
            ["requester"] = null,
        });
        return installation;
    }

    internal void Choose(DoubleInstallation installation, IReadOnlySet<long>? chosen, DoubleAccount sender)
    {
        var before = State.CoveredBy(installation).ToList();
        installation.Chosen = chosen;
        installation.UpdatedAt = State.Now;
        var after = State.CoveredBy(installation).ToList();
        if (after.Except(before).ToList() is { Count: > 0 } added)
        {
            TellOfRepositories(installation, added, [], sender);
        }
        if (before.Except(after).ToList() is { Count: > 0 } removed)
        {
            TellOfRepositories(installation, [], removed, sender);
        }
    }

    internal void Suspend(DoubleInstallation installation, DoubleAccount sender)
    {
        (installation.SuspendedAt, installation.SuspendedBy) = (State.Now, sender);
        Webhooks.OfInstallation("installation", "suspend", installation, sender, []);
    }

    internal void Unsuspend(DoubleInstallation installation, DoubleAccount sender)
    {
        (installation.SuspendedAt, installation.SuspendedBy) = (null, null);
        Webhooks.OfInstallation("installation", "unsuspend", installation, sender, []);
    }

    internal void Uninstall(DoubleInstallation installation, DoubleAccount sender)
    {
        Webhooks.OfInstallation("installation", "deleted", installation, sender, new JsonObject { ["repositories"] = Brief(State.CoveredBy(installation)) });
        installation.IsDeleted = true;
    }

    internal void TellOfRepositories(DoubleInstallation installation, IReadOnlyList<DoubleRepository> added, IReadOnlyList<DoubleRepository> removed, DoubleAccount sender) =>
        Webhooks.OfInstallation("installation_repositories", added.Count > 0 ? "added" : "removed", installation, sender, new JsonObject
        {
            ["repository_selection"] = installation.Selection,
            ["repositories_added"] = Brief(added),
            ["repositories_removed"] = Brief(removed),
            ["requester"] = null,
        });

    private static JsonArray Brief(IEnumerable<DoubleRepository> repositories) => [.. repositories.Select(r => (JsonNode)Shapes.BriefRepository(r))];
}
