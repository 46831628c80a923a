using System.Text.Json;
using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>Which apps hear of what, and what they are told. To be called under the gate.</summary>
internal sealed class Webhooks(DoubleState state, Shapes shapes, DoubleDeliveries deliveries)
{
    private const int MostBranches = 5000;

    /// <summary>To every installation that covers the repository and whose app asked for the event.</summary>
    /// <param name="only">Tells whether an app hears of it beyond what it subscribed to; null: all do.</param>
    public void OfRepository(string @event, string? action, DoubleRepository repository, DoubleAccount sender, JsonObject payload, Func<DoubleApp, bool>? only = null, IEnumerable<DoubleInstallation>? to = null)
    {
        foreach (var installation in (to ?? Covering(repository)).ToList())
        {
            if (!Hears(installation, @event) || only?.Invoke(installation.App) == false)
            {
                continue;
            }
            var body = With(action, payload);
            body["repository"] ??= shapes.Repository(repository);
            if (repository.Owner.IsOrganization)
            {
                body["organization"] = shapes.Organization(repository.Owner);
            }
            body["sender"] = shapes.Account(sender);
            body["installation"] = new JsonObject { ["id"] = installation.Id, ["node_id"] = installation.NodeId };
            Send(installation.App, @event, action, body, installation.Id, repository.Id);
        }
    }

    /// <summary>Of the installation itself: always sent, whatever the app subscribed to.</summary>
    public void OfInstallation(string @event, string action, DoubleInstallation installation, DoubleAccount sender, JsonObject more)
    {
        var body = new JsonObject { ["action"] = action, ["installation"] = shapes.Installation(installation, payload: true) };
        foreach (var (name, value) in more)
        {
            body[name] = value?.DeepClone();
        }
        body["sender"] = shapes.Account(sender);
        Send(installation.App, @event, action, body, installation.Id, null);
    }

    public void OfApp(DoubleApp app, string @event, string? action, JsonObject payload) => Send(app, @event, action, With(action, payload), null, null);

    public void Ping(DoubleApp app) => OfApp(app, "ping", null, new JsonObject
    {
        ["zen"] = "Anything added dilutes everything else.",
        ["hook_id"] = app.HookId,
        ["hook"] = new JsonObject
        {
            ["type"] = "App",
            ["id"] = app.HookId,
            ["name"] = "web",
            ["active"] = true,
            ["events"] = Shapes.List(app.Events),
            ["config"] = new JsonObject { ["content_type"] = app.HookContentType, ["insecure_ssl"] = "0", ["secret"] = "********", ["url"] = app.HookUrl },
            ["updated_at"] = Shapes.Time(app.CreatedAt),
            ["created_at"] = Shapes.Time(app.CreatedAt),
            ["app_id"] = app.Id,
            ["deliveries_url"] = shapes.Api("/app/hook/deliveries"),
        },
    });

    /// <summary>What GitHub tells of: nothing at all of too many branches, nothing of more than three tags.</summary>
    public static IEnumerable<RefChange> Told(IReadOnlyList<RefChange> changes)
    {
        var tags = changes.Count(c => c.IsTag);
        return changes.Count - tags > MostBranches ? [] : changes.Where(c => !c.IsTag || tags <= 3);
    }

    private IEnumerable<DoubleInstallation> Covering(DoubleRepository repository) =>
        state.Installations.Values.Where(i => !i.IsSuspended && i.Covers(repository));

    private static bool Hears(DoubleInstallation installation, string @event) =>
        installation.Events.Contains(@event) && AppManifest.Permits(installation.Permissions, @event);

    private static JsonObject With(string? action, JsonObject payload)
    {
        var body = new JsonObject();
        if (action is not null)
        {
            body["action"] = action;
        }
        foreach (var (name, value) in payload)
        {
            body[name] = value?.DeepClone();
        }
        return body;
    }

    private void Send(DoubleApp app, string @event, string? action, JsonObject body, long? installation, long? repository)
    {
        if (app.IsDeleted || !app.HookActive || app.HookUrl is null)
        {
            return;
        }
        deliveries.Enqueue(new DoubleDelivery(app, JsonSerializer.SerializeToUtf8Bytes(body, Answer.Json))
        {
            Id = state.NextId("delivery"),
            Guid = Guid.NewGuid(),
            Event = @event,
            Action = action,
            InstallationId = installation,
            RepositoryId = repository,
        });
    }
}
