using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Audit;

/// <summary>
/// Adds an entry to the unit of work that makes the change, so that both commit or neither.
/// Callers pass anonymous objects as before and after; a secret's value is never among them.
/// </summary>
public sealed class AuditTrail(TimeProvider time)
{
    /// <summary>What open pages follow: the key is the team that an entry is about, and <see cref="Guid.Empty"/> for the whole trail.</summary>
    public const string LiveTopic = "audit";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        // Letters stay letters, so that a search finds them.
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public void Record(PortalDbContext db, Actor actor, string action, string target,
        Guid? teamId = null, Guid? appId = null, object? before = null, object? after = null, string outcome = "done")
    {
        db.Set<AuditEntry>().Add(new AuditEntry
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            At = time.GetUtcNow(),
            ActorKind = actor.Kind,
            ActorId = actor.Id,
            UserId = actor.UserId,
            ActorName = Cut(actor.Name, 200),
            Address = actor.Address,
            Action = action,
            TeamId = teamId,
            AppId = appId,
            Target = Cut(target, 400),
            Before = before is null ? null : JsonSerializer.Serialize(before, Json),
            After = after is null ? null : JsonSerializer.Serialize(after, Json),
            Outcome = outcome,
        });
        db.Signal(LiveTopic, Guid.Empty);
        if (teamId is { } team)
        {
            db.Signal(LiveTopic, team);
        }
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}
