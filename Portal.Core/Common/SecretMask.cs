using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Portal.Core.Common;

/// <summary>
/// Hides known secrets in lines of output: the value itself and its base64, URL- and JSON-encoded forms. A secret of
/// several lines is hidden line by line. Values under four characters are left: hiding "1" would hide everything.
/// </summary>
public sealed class SecretMask
{
    public const string Hidden = "••••••";
    private const int Shortest = 4;

    private readonly string[] _forms;
    private readonly SearchValues<string>? _any;

    public SecretMask(IEnumerable<string> secrets)
    {
        _forms = [.. secrets.SelectMany(Forms).Where(f => f.Length >= Shortest).Distinct().OrderByDescending(f => f.Length)];
        _any = _forms.Length == 0 ? null : SearchValues.Create(_forms, StringComparison.Ordinal);
    }

    public static SecretMask None { get; } = new([]);

    public string Apply(string line)
    {
        if (_any is null || !line.AsSpan().ContainsAny(_any))
        {
            return line;
        }
        foreach (var form in _forms)
        {
            line = line.Replace(form, Hidden, StringComparison.Ordinal);
        }
        return line;
    }

    private static IEnumerable<string> Forms(string secret)
    {
        foreach (var value in new[] { secret, secret.Trim() }.Concat(secret.Split('\n').Select(l => l.Trim('\r', ' '))).Distinct())
        {
            if (value.Length < Shortest)
            {
                continue;
            }
            yield return value;
            yield return JsonSerializer.Serialize(value)[1..^1];
            yield return JsonEncodedText.Encode(value, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();
            yield return Uri.EscapeDataString(value);
            yield return System.Net.WebUtility.UrlEncode(value);
            foreach (var form in Base64Forms(value))
            {
                yield return form;
            }
        }
    }

    /// <summary>Alone, and within a longer text at each of the three alignments (such as "user:secret" in a Basic header): the middle that does not depend on the neighbours.</summary>
    private static IEnumerable<string> Base64Forms(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        yield return Convert.ToBase64String(bytes).TrimEnd('=');
        yield return Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        for (var shift = 1; shift < 3; shift++)
        {
            var text = Convert.ToBase64String([.. new byte[shift], .. bytes]).TrimEnd('=');
            // The first characters and the last one mix with what stands beside the secret.
            var inner = text[(shift + 1)..^1];
            if (inner.Length >= 8)
            {
                yield return inner;
            }
        }
        var plain = Convert.ToBase64String(bytes).TrimEnd('=');
        if (plain.Length > 9)
        {
            yield return plain[..^1];
        }
    }
}
