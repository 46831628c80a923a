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

    /// <summary>The last character of a line that was longer than is kept.</summary>
    public const char Cut = '…';

    private const int Shortest = 4;

    private readonly string[] _forms;
    private readonly SearchValues<string>? _any;

    public SecretMask(IEnumerable<string> secrets)
    {
        _forms = [.. secrets.SelectMany(Forms).Where(f => f.Length >= Shortest).Distinct().OrderByDescending(f => f.Length)];
        _any = _forms.Length == 0 ? null : SearchValues.Create(_forms, StringComparison.Ordinal);
    }

    public static SecretMask None { get; } = new([]);

    /// <param name="line">Ends with <see cref="Cut"/> when it was longer: then the beginning of a secret at its end is hidden too.</param>
    public string Apply(string line)
    {
        if (_any is null)
        {
            return line;
        }
        if (line.AsSpan().ContainsAny(_any))
        {
            foreach (var form in _forms)
            {
                line = line.Replace(form, Hidden, StringComparison.Ordinal);
            }
        }
        if (line.EndsWith(Cut))
        {
            var begun = _forms.Max(form => Begun(line.AsSpan(..^1), form));
            if (begun >= Shortest)
            {
                line = string.Concat(line.AsSpan(..^(begun + 1)), Hidden, Cut.ToString());
            }
        }
        return line;
    }

    /// <summary>How many characters at the end of the text are the beginning of the secret, but not all of it (Knuth, Morris and Pratt).</summary>
    private static int Begun(ReadOnlySpan<char> text, string secret)
    {
        var borders = new int[secret.Length];
        for (int i = 1, matched = 0; i < secret.Length; i++)
        {
            matched = Next(secret, borders, matched, secret[i]);
            borders[i] = matched;
        }
        var begun = 0;
        foreach (var character in text)
        {
            begun = Next(secret, borders, begun, character);
            if (begun == secret.Length)
            {
                begun = borders[^1];
            }
        }
        return begun;

        static int Next(string secret, int[] borders, int matched, char character)
        {
            while (matched > 0 && secret[matched] != character)
            {
                matched = borders[matched - 1];
            }
            return secret[matched] == character ? matched + 1 : matched;
        }
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
