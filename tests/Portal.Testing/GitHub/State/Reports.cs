using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

internal sealed record DoubleStatus(long Id, string Sha, string State, string Context, string? Description, string? TargetUrl, DoubleAccount Creator, DateTimeOffset CreatedAt);

internal sealed class DoubleCheckSuite(long id, DoubleApp app, string sha, string? branch, DateTimeOffset now)
{
    public long Id => id;

    public DoubleApp App => app;

    public string Sha => sha;

    public string? Branch => branch;

    public string Before { get; init; } = new('0', 40);

    public DateTimeOffset CreatedAt => now;
}

internal sealed class DoubleCheckRun(long id, DoubleCheckSuite suite, string name, DateTimeOffset now)
{
    public long Id => id;

    public DoubleCheckSuite Suite => suite;

    public string Name { get; set; } = name;

    public string Status { get; set; } = "queued";

    public string? Conclusion { get; set; }

    public string? ExternalId { get; set; }

    public string? DetailsUrl { get; set; }

    public DateTimeOffset StartedAt { get; set; } = now;

    public DateTimeOffset? CompletedAt { get; set; }

    public string? Title { get; set; }

    public string? Summary { get; set; }

    public string? Text { get; set; }

    public List<JsonObject> Annotations { get; } = [];
}

internal sealed record DoubleDeployment(long Id, string Sha, string Ref, string Task, string Environment, DoubleAccount Creator, DateTimeOffset CreatedAt)
{
    public string? Description { get; init; }

    public bool Transient { get; init; }

    public bool Production { get; init; }

    public JsonNode? Payload { get; init; }

    public DoubleApp? App { get; init; }

    public List<DoubleDeploymentStatus> Statuses { get; } = [];
}

internal sealed record DoubleDeploymentStatus(long Id, string State, string Environment, string? Description, string? LogUrl, string? EnvironmentUrl, DoubleAccount Creator, DateTimeOffset CreatedAt);
