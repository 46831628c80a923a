using System.Globalization;
using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>What became of an app's webhooks: the list by cursor, one in full, the order to try again.</summary>
internal static class DeliveryRoutes
{
    private const string CursorPrefix = "v1_";

    public static void Map(RestDoor rest)
    {
        rest.App("GET", "/app/hook/deliveries", List);
        rest.App("GET", "/app/hook/deliveries/{id}", call => Found(call, d => Answer.Ok(Full(call, d))));
        rest.App("POST", "/app/hook/deliveries/{id}/attempts", call => Found(call, d =>
        {
            call.GitHub.Deliveries.Again(d);
            return new Answer(202, new JsonObject());
        }));
    }

    private static Answer List(Call call)
    {
        var all = call.GitHub.Deliveries.Of(call.Caller.App!).Where(d => call.Query("status") switch
        {
            "success" => d.StatusCode is >= 200 and < 400,
            // By the code alone: what never got one is in neither list.
            "failure" => d.StatusCode is >= 400 and < 600,
            _ => true,
        });
        if (call.Query("cursor") is { } cursor)
        {
            if (!cursor.StartsWith(CursorPrefix, StringComparison.Ordinal) || !long.TryParse(cursor.AsSpan(CursorPrefix.Length), CultureInfo.InvariantCulture, out var from))
            {
                return Answer.Error(422, "Invalid cursor");
            }
            all = all.Where(d => d.Id <= from);
        }
        var size = Math.Clamp(call.Number("per_page", 30), 1, 100);
        var page = all.Take(size + 1).ToList();
        var answer = Answer.Ok(new JsonArray([.. page.Take(size).Select(d => (JsonNode)Brief(d))]));
        return page.Count > size
            ? answer.With("Link", $"<{call.Url("cursor", $"{CursorPrefix}{page[size].Id}")}>; rel=\"next\"")
            : answer;
    }

    private static JsonObject Brief(DoubleDelivery delivery) => new()
    {
        ["id"] = delivery.Id,
        ["guid"] = delivery.Guid.ToString(),
        ["delivered_at"] = Shapes.Time(delivery.DeliveredAt),
        ["redelivery"] = delivery.Redelivery,
        ["duration"] = Math.Round(delivery.Duration.TotalSeconds, 2),
        ["status"] = delivery.Status,
        ["status_code"] = delivery.StatusCode,
        ["event"] = delivery.Event,
        ["action"] = delivery.Action,
        ["installation_id"] = delivery.InstallationId,
        ["repository_id"] = delivery.RepositoryId,
        ["throttled_at"] = null,
    };

    private static JsonObject Full(Call call, DoubleDelivery delivery)
    {
        var shape = Brief(delivery);
        shape["url"] = call.Caller.App!.HookUrl;
        shape["request"] = new JsonObject { ["headers"] = Shapes.Map(delivery.RequestHeaders), ["payload"] = delivery.Json };
        shape["response"] = new JsonObject { ["headers"] = Shapes.Map(delivery.ResponseHeaders), ["payload"] = delivery.ResponseBody };
        return shape;
    }

    private static Answer Found(Call call, Func<DoubleDelivery, Answer> found) =>
        call.GitHub.Deliveries.Find(call.Caller.App!, call.RouteId("id")) is { } delivery ? found(delivery) : Answer.NotFound();
}
