using System.Text.Json.Serialization;

namespace Portal.Core.Git.LargeFiles;

/// <summary>The batch API of Git LFS: https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md. Field names as they are on the wire.</summary>
public static class LargeFileBatch
{
    public const string MediaType = "application/vnd.git-lfs+json";

    public const string Upload = "upload";
    public const string Download = "download";

    public sealed record Item([property: JsonPropertyName("oid")] string? Oid, [property: JsonPropertyName("size")] long Size);

    public sealed record Request(
        [property: JsonPropertyName("operation")] string? Operation,
        [property: JsonPropertyName("transfers")] IReadOnlyList<string>? Transfers,
        [property: JsonPropertyName("objects")] IReadOnlyList<Item>? Objects,
        [property: JsonPropertyName("hash_algo")] string? HashAlgorithm = null);

    public sealed record Link(
        [property: JsonPropertyName("href")] string? Href,
        [property: JsonPropertyName("header"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? Header = null);

    public sealed record Problem([property: JsonPropertyName("code")] int Code, [property: JsonPropertyName("message")] string? Message);

    public sealed record Answer(
        [property: JsonPropertyName("oid")] string? Oid,
        [property: JsonPropertyName("size")] long Size,
        [property: JsonPropertyName("actions"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, Link>? Actions = null,
        [property: JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Problem? Error = null);

    public sealed record Response(
        [property: JsonPropertyName("transfer")] string? Transfer,
        [property: JsonPropertyName("objects")] IReadOnlyList<Answer>? Objects,
        [property: JsonPropertyName("hash_algo")] string? HashAlgorithm = "sha256");
}
