using System.Globalization;
using System.Text.Json;
using Portal.Core.Git;

namespace Portal.Core.Triggers.Inbound;

/// <summary>
/// The few fields of a GitHub-shaped push that Portal uses; everything else, of whatever type, is skipped. Gitea, Forgejo
/// and others send the same names with small differences. Text is bounded and free of control characters.
/// </summary>
public sealed record PushPayload
{
    public string? Ref { get; private set; }

    public string? Before { get; private set; }

    /// <summary>For a tag the commit that it names (an annotated tag has an id of its own).</summary>
    public string? After { get; private set; }

    public string? PushedBy { get; private set; }

    public string? Message { get; private set; }

    /// <summary>GitHub's number of the repository; null in payloads of another shape.</summary>
    public long? RepositoryId { get; private set; }

    /// <summary>GitHub's number of the App's installation.</summary>
    public long? InstallationId { get; private set; }

    /// <summary>Of events about a pull request.</summary>
    public int? PullRequest { get; private set; }

    /// <summary>From a payload of another shape; what is no ref or commit counts as missing.</summary>
    public static PushPayload Of(string? gitRef, string? before, string? after, string? pushedBy, string? message) => new()
    {
        Ref = gitRef?.Length <= RefNames.MaxLength ? gitRef : null,
        Before = Commit(before),
        After = Commit(after),
        PushedBy = pushedBy is null ? null : RepositoryText.Clean(pushedBy, 200),
        Message = message is null ? null : RepositoryText.FirstLine(message),
    };

    /// <exception cref="JsonException">It is no JSON object.</exception>
    public static PushPayload Parse(ReadOnlySpan<byte> json)
    {
        var payload = new PushPayload();
        string? headCommit = null, sender = null, repository = null, installation = null, pullRequest = null;
        var deleted = false;
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("Not an object.");
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("ref"u8))
            {
                payload.Ref = NextText(ref reader, RefNames.MaxLength + 1) is { Length: <= RefNames.MaxLength } name ? name : null;
            }
            else if (reader.ValueTextEquals("before"u8))
            {
                payload.Before = Commit(NextText(ref reader, 65));
            }
            else if (reader.ValueTextEquals("after"u8))
            {
                payload.After = Commit(NextText(ref reader, 65));
            }
            else if (reader.ValueTextEquals("deleted"u8))
            {
                reader.Read();
                deleted = reader.TokenType == JsonTokenType.True;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("head_commit"u8))
            {
                (headCommit, payload.Message) = NextPair(ref reader, "id"u8, "message"u8, 2000);
            }
            else if (reader.ValueTextEquals("pusher"u8))
            {
                var (name, login) = NextPair(ref reader, "name"u8, "login"u8, 200);
                payload.PushedBy = name ?? login;
            }
            else if (reader.ValueTextEquals("repository"u8))
            {
                (repository, _) = NextPair(ref reader, "id"u8, "full_name"u8, 200);
            }
            else if (reader.ValueTextEquals("installation"u8))
            {
                (installation, _) = NextPair(ref reader, "id"u8, "node_id"u8, 200);
            }
            else if (reader.ValueTextEquals("pull_request"u8))
            {
                (pullRequest, _) = NextPair(ref reader, "number"u8, "node_id"u8, 200);
            }
            else if (reader.ValueTextEquals("sender"u8))
            {
                (sender, _) = NextPair(ref reader, "login"u8, "name"u8, 200);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        // The rest, if there is one, must be nothing.
        while (reader.Read())
        {
        }
        payload.PushedBy ??= sender;
        payload.RepositoryId = Number(repository);
        payload.InstallationId = Number(installation);
        payload.PullRequest = Number(pullRequest) is { } number and <= int.MaxValue ? (int)number : null;
        payload.Message = payload.Message is null ? null : RepositoryText.FirstLine(payload.Message);
        if (deleted && payload.After is null)
        {
            payload.After = new string('0', 40);
        }
        if (RefNames.Tag(payload.Ref) is not null && !RefNames.IsZero(payload.After) && RefNames.IsCommit(headCommit))
        {
            payload.After = headCommit;
        }
        return payload;
    }

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Commit(string? text) => RefNames.IsCommit(text) || (text?.Length <= 64 && RefNames.IsZero(text)) ? text : null;

    private static (string?, string?) NextPair(ref Utf8JsonReader reader, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, int most)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return (null, null);
        }
        string? one = null, two = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(first))
            {
                one = NextText(ref reader, most);
            }
            else if (reader.ValueTextEquals(second))
            {
                two = NextText(ref reader, most);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        return (one, two);
    }

    private static string? NextText(ref Utf8JsonReader reader, int most)
    {
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                try
                {
                    return RepositoryText.Keep(reader.GetString()!, most);
                }
                catch (InvalidOperationException)
                {
                    // Half a surrogate pair: no text.
                    return null;
                }
            case JsonTokenType.Number:
                return System.Text.Encoding.ASCII.GetString(reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, most)]);
            default:
                reader.Skip();
                return null;
        }
    }
}
