namespace Portal.Web.Components.Controls;

/// <summary>What the terminal's colour codes have set so far. <see cref="Fore"/> and <see cref="Back"/> are 0–7.</summary>
public readonly record struct AnsiStyle(byte? Fore, byte? Back, bool Bold, bool Dim, bool Italic, bool Underline)
{
    /// <summary>The classes of <c>controls.css</c>, or null for plain text.</summary>
    public string? Css
    {
        get
        {
            if (this == default)
            {
                return null;
            }

            var parts = new List<string>(4);
            if (Fore is { } fore)
            {
                parts.Add($"fg{fore}");
            }

            if (Back is { } back)
            {
                parts.Add($"bg{back}");
            }

            if (Bold)
            {
                parts.Add("ab");
            }

            if (Dim)
            {
                parts.Add("ad");
            }

            if (Italic)
            {
                parts.Add("ai");
            }

            if (Underline)
            {
                parts.Add("au");
            }

            return string.Join(' ', parts);
        }
    }

    /// <summary>Applies one SGR sequence's numbers, e.g. <c>1;31</c> or <c>38;5;208</c>. Unknown numbers change nothing.</summary>
    public AnsiStyle Apply(ReadOnlySpan<int> codes)
    {
        var style = this;
        for (var i = 0; i < codes.Length; i++)
        {
            var code = codes[i];
            if (code is 38 or 48)
            {
                var colour = Extended(codes, ref i);
                style = code == 38 ? style with { Fore = colour ?? style.Fore } : style with { Back = colour ?? style.Back };
                continue;
            }

            style = code switch
            {
                0 => default,
                1 => style with { Bold = true },
                2 => style with { Dim = true },
                3 => style with { Italic = true },
                4 => style with { Underline = true },
                22 => style with { Bold = false, Dim = false },
                23 => style with { Italic = false },
                24 => style with { Underline = false },
                >= 30 and <= 37 => style with { Fore = (byte)(code - 30) },
                39 => style with { Fore = null },
                >= 40 and <= 47 => style with { Back = (byte)(code - 40) },
                49 => style with { Back = null },
                >= 90 and <= 97 => style with { Fore = (byte)(code - 90) },
                >= 100 and <= 107 => style with { Back = (byte)(code - 100) },
                _ => style,
            };
        }

        return style;
    }

    // 38;5;n and 38;2;r;g;b. Brought to the nearest of the eight so that every colour is readable in both themes.
    private static byte? Extended(ReadOnlySpan<int> codes, ref int i)
    {
        if (i + 2 < codes.Length && codes[i + 1] == 5)
        {
            var n = Math.Clamp(codes[i + 2], 0, 255);
            i += 2;
            if (n < 16)
            {
                return (byte)(n % 8);
            }

            if (n >= 232)
            {
                return n < 244 ? (byte)0 : (byte)7;
            }

            n -= 16;
            return Nearest(n / 36 * 51, n / 6 % 6 * 51, n % 6 * 51);
        }

        if (i + 4 < codes.Length && codes[i + 1] == 2)
        {
            var colour = Nearest(codes[i + 2], codes[i + 3], codes[i + 4]);
            i += 4;
            return colour;
        }

        i = codes.Length;
        return null;
    }

    private static byte Nearest(int r, int g, int b)
    {
        var max = Math.Max(r, Math.Max(g, b));
        if (max - Math.Min(r, Math.Min(g, b)) < 32)
        {
            return max < 100 ? (byte)0 : (byte)7;
        }

        // One bit a channel that is at least two thirds of the strongest: red 1, green 2, blue 4, as the terminal counts.
        var floor = max * 2 / 3;
        return (byte)((r >= floor ? 1 : 0) | (g >= floor ? 2 : 0) | (b >= floor ? 4 : 0));
    }
}
