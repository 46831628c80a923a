using System.Text.RegularExpressions;

namespace Portal.Repository.Tests;

/// <summary>
/// Whatever acts for somebody asks the access policy. Pages and endpoints only call services of Core, and each public
/// method there that takes an actor asks by itself or hands the actor to one that does.
/// </summary>
public sealed partial class PolicyTests
{
    /// <summary>Methods that take an actor and need not ask, with the reason.</summary>
    private static readonly Dictionary<string, string> NeedNotAsk = new()
    {
        ["AuditTrail.Record"] = "writes what was decided elsewhere",
        ["AuditRefusals.RecordAsync"] = "writes down a refusal",
        ["TeamReader.MineAsync"] = "selects by the actor's own teams",
    };

    [Fact]
    public void Every_service_asks_before_it_acts()
    {
        var methods = Methods().ToList();
        Assert.True(methods.Count > 60, $"The scan found only {methods.Count} methods; it no longer understands the code.");
        Rule.HasNoOffences(
            from method in methods
            where !NeedNotAsk.ContainsKey($"{method.Class}.{method.Name}") && !Asks().IsMatch(method.Body)
            select $"{method.File}: {method.Class}.{method.Name} takes an actor and asks no policy", "Call AccessPolicy.Demand first.");
    }

    [Fact]
    public void Pages_and_endpoints_change_nothing_by_themselves()
    {
        var outside = SourceFile.Code.Where(f => f.Under("Portal.Web/Components", "Portal.Web/Api") && !f.Under("Portal.Web/Api/Plumbing"));
        Rule.HasNoOffences(outside.SelectMany(f => f.Matches(Inside())), "Only services of Core, which ask the policy, read and write.");
    }

    [Fact]
    public void Components_act_as_the_person_who_is_there_now()
    {
        var components = SourceFile.Code.Where(f => f.Under("Portal.Web/Components"));
        Rule.HasNoOffences(components.SelectMany(f => f.Matches(MadeUp())), "Take the actor from ICurrentActor, never make one.");
    }

    [Theory]
    [InlineData("public Task A(Actor actor, int x)\n    {\n        AccessPolicy.Demand(actor, Permission.Deploy, r);\n    }\n", true)]
    [InlineData("public async Task<int> A(Actor actor)\n    {\n        trail.Record(db, actor, \"x\", \"y\");\n    }\n", false)]
    [InlineData("public Task A(Actor actor) =>\n        db.FindAppAsync(actor, path, Permission.Deploy, token);\n", true)]
    [InlineData("public Task A(Actor actor)\n    {\n        db.Remove(actor.UserId);\n    }\n", false)]
    public void The_scan_tells_who_asks(string code, bool asks) => Assert.Equal(asks, Asks().IsMatch(Assert.Single(Methods("class C\n{\n    " + code + "}", "C.cs")).Body));

    private static IEnumerable<Method> Methods() =>
        SourceFile.Code.Where(f => f.Under("Portal.Core")).SelectMany(f => Methods(f.Text, f.Name));

    private static IEnumerable<Method> Methods(string text, string file)
    {
        foreach (Match match in Signature().Matches(text))
        {
            var type = TypeName().Matches(text[..match.Index]).LastOrDefault()?.Groups[1].Value ?? "";
            yield return new Method(file, type, match.Groups[1].Value, Body(text, match.Index + match.Length));
        }
    }

    /// <summary>From after the parameters to the end of the method: its braces, or its one expression.</summary>
    private static string Body(string text, int start)
    {
        var brace = text.IndexOf('{', start);
        var arrow = text.IndexOf("=>", start, StringComparison.Ordinal);
        if (brace < 0 || (arrow >= 0 && arrow < brace))
        {
            return text[start..text.IndexOf(";\n", start, StringComparison.Ordinal)];
        }
        var depth = 0;
        for (var i = brace; i < text.Length; i++)
        {
            depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
            if (depth == 0)
            {
                return text[brace..i];
            }
        }
        return text[brace..];
    }

    private sealed record Method(string File, string Class, string Name, string Body);

    // The lookahead leaves the parameters after the actor to the body's search for its beginning.
    [GeneratedRegex(@"public (?:static )?(?:async )?[\w<>?\[\],.() ]+? (\w+)\((?:this \w+ \w+, )?Actor actor\b[^{;=]*?\)(?=\s*(?:where|=>|\{|\n))")]
    private static partial Regex Signature();

    [GeneratedRegex(@"\b(?:class|record|struct) (\w+)")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"AccessPolicy\.(Demand|Decide|Allows)\(\s*actor\b|(?<!Record)\((?:db, |scope, |\w+Access, )?actor[,)]")]
    private static partial Regex Asks();

    [GeneratedRegex(@"\bPortalDbContext\b|\bIDbContextFactory\b|\bNpgsql|\bUserManager<|\bSaveChangesAsync\b")]
    private static partial Regex Inside();

    [GeneratedRegex(@"\bActor\.Machine\(|\bnew Actor\b")]
    private static partial Regex MadeUp();
}
