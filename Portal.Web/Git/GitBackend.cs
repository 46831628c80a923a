using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;

namespace Portal.Web.Git;

/// <summary>
/// <c>git http-backend</c> as a CGI program (RFC 3875), streamed both ways. It trusts us with everything: which
/// repository, who pushes, how much, and which hook runs.
/// </summary>
internal sealed class GitBackend(GitCommand git, PortalOptions options)
{
    private const int MaxHeaderBytes = 16 * 1024;

    /// <summary>Room for what surrounds the pack.</summary>
    private const long Overhead = 1024 * 1024;

    /// <summary>Old histories carry these mistakes; refusing them would refuse well-known repositories for nothing.</summary>
    private static readonly string[] HarmlessMistakes =
    [
        "zeroPaddedFilemode", "missingSpaceBeforeDate", "badTimezone", "badDate", "missingEmail", "badEmail", "missingNameBeforeEmail",
        "missingSpaceBeforeEmail", "badName", "missingTaggerEntry", "badTagName", "gitmodulesMissing", "gitmodulesBlob", "largePathname",
    ];

    public long MaxRequestBytes => options.Limits.PushBytes + Overhead;

    /// <param name="note">Where the hook writes; null when nothing can be pushed by this request.</param>
    public Process Start(HttpContext http, Guid app, string rest, bool push, HostedPush? note = null, string hooks = "/dev/null")
    {
        var request = http.Request;
        var config = new List<KeyValuePair<string, string>>
        {
            new("safe.directory", Path.Combine(options.Repositories, $"{app}.git")),
            new("core.hooksPath", hooks),
            new("http.receivepack", push ? "true" : "false"),
            new("receive.maxInputSize", options.Limits.PushBytes.ToString(CultureInfo.InvariantCulture)),
            new("receive.fsckObjects", "true"),
            new("receive.unpackLimit", "1"),
            new("receive.autogc", "false"),
            new("receive.denyDeleteCurrent", "ignore"),
            new("uploadpack.allowFilter", "true"),
        };
        config.AddRange(HarmlessMistakes.Select(mistake => new KeyValuePair<string, string>($"receive.fsck.{mistake}", "ignore")));
        var environment = new Dictionary<string, string>
        {
            ["GIT_PROJECT_ROOT"] = options.Repositories,
            ["GIT_HTTP_EXPORT_ALL"] = "1",
            ["GIT_HTTP_MAX_REQUEST_BUFFER"] = "10M",
            ["PATH_INFO"] = $"/{app}.git/{rest}",
            ["REQUEST_METHOD"] = request.Method,
            ["QUERY_STRING"] = rest == "info/refs" ? $"service={request.Query["service"]}" : "",
            ["CONTENT_TYPE"] = rest == "info/refs" ? "" : $"application/x-{rest}-request",
            ["REMOTE_USER"] = "portal",
            ["REMOTE_ADDR"] = "portal",
        };
        if (request.ContentLength is { } length)
        {
            environment["CONTENT_LENGTH"] = length.ToString(CultureInfo.InvariantCulture);
        }
        if (request.Headers.ContentEncoding.ToString() is "gzip" or "x-gzip")
        {
            environment["HTTP_CONTENT_ENCODING"] = "gzip";
        }
        if (request.Headers["Git-Protocol"].ToString() is { Length: > 0 and < 200 } protocol && protocol.All(c => char.IsAsciiLetterOrDigit(c) || c is '=' or ':' or '-'))
        {
            environment["GIT_PROTOCOL"] = protocol;
        }
        if (note is not null)
        {
            environment.Add(note.Variable.Key, note.Variable.Value);
        }
        return git.Start(new GitCall("http-backend") { Config = config, Environment = environment });
    }

    /// <summary>Passes the request's body on. False when it is larger than a push may be.</summary>
    public async Task<bool> FeedAsync(HttpRequest request, Process process, CancellationToken cancellationToken)
    {
        var input = process.StandardInput.BaseStream;
        var buffer = new byte[64 * 1024];
        long total = 0;
        var listening = true;
        try
        {
            int read;
            while ((read = await request.Body.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if ((total += read) > MaxRequestBytes)
                {
                    return false;
                }
                try
                {
                    if (listening)
                    {
                        await input.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                    }
                }
                catch (IOException)
                {
                    // git refused early and says why in its answer, which a client reads only after it has sent everything.
                    listening = false;
                }
            }
            return true;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or BadHttpRequestException)
        {
            return true;
        }
        finally
        {
            try
            {
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // The same early refusal.
            }
        }
    }

    /// <summary>Reads the CGI header into the response and returns the body that follows.</summary>
    public static async Task<Stream> ReadHeadAsync(Process process, HttpResponse response, CancellationToken cancellationToken)
    {
        var output = PipeReader.Create(process.StandardOutput.BaseStream);
        while (true)
        {
            var read = await output.ReadAsync(cancellationToken);
            var text = Encoding.Latin1.GetString(System.Buffers.BuffersExtensions.ToArray(read.Buffer.Slice(0, Math.Min(read.Buffer.Length, MaxHeaderBytes))));
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                foreach (var line in text[..end].Split("\r\n"))
                {
                    Apply(line, response);
                }
                output.AdvanceTo(read.Buffer.GetPosition(end + 4));
                return output.AsStream();
            }
            if (read.IsCompleted || text.Length >= MaxHeaderBytes)
            {
                throw new InvalidDataException("git http-backend answered without a header.");
            }
            output.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static void Apply(string line, HttpResponse response)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0)
        {
            return;
        }
        var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
        if (name.Equals("Status", StringComparison.OrdinalIgnoreCase))
        {
            response.StatusCode = int.Parse(value.AsSpan(0, 3), CultureInfo.InvariantCulture);
        }
        else
        {
            response.Headers[name] = value;
        }
    }
}
