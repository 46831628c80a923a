using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Other;

/// <summary>Elixir: Phoenix in production mode, or any mix project.</summary>
internal sealed partial class ElixirStack : IStack
{
    public string Id => "elixir";

    public Draft? Detect(SourceView source, bool chosen)
    {
        if (source.Read("mix.exs", 65536) is not { } mix)
        {
            return null;
        }

        var draft = new Draft("Elixir", Id).Because("mix.exs is an Elixir project").Needs("mix", null, "install the Debian packages elixir and erlang");
        var version = VersionFiles.Tool(source, "elixir")?.Version ?? (Asked().Match(mix) is { Success: true } m ? m.Groups[1].Value : null);
        if (version is not null)
        {
            draft.Asks(version, VersionRange.Parse(version) is null ? null : version, strict: Asked().IsMatch(mix) && VersionFiles.Tool(source, "elixir") is null);
        }

        draft.BuildEnvironment["MIX_ENV"] = "prod";
        draft.RunEnvironment["MIX_ENV"] = "prod";
        draft.Caches.Add(new CacheFolder("hex", "HEX_HOME"));
        draft.Caches.Add(new CacheFolder("mix", "MIX_HOME"));
        draft.Step(Draft.Install, "mix local.hex --force && mix local.rebar --force && mix deps.get --only prod");
        draft.Step(Draft.Build, "mix compile");
        if (!mix.Contains(":phoenix", StringComparison.Ordinal))
        {
            return draft.Serve("mix run --no-halt");
        }

        draft.Stack = "Phoenix";
        draft.RunEnvironment["PHX_SERVER"] = "true";
        draft.RunEnvironment["PHX_HOST"] = "localhost";
        if (mix.Contains("assets.deploy", StringComparison.Ordinal))
        {
            draft.Step(Draft.Build, "mix assets.deploy").Because("mix.exs has an assets.deploy task");
        }

        if (source.HasFolder("priv/repo/migrations"))
        {
            draft.Release = "mix ecto.migrate";
            draft.Because("priv/repo has migrations: they run before each release");
        }

        draft.Warnings.Add("Phoenix needs the secret SECRET_KEY_BASE; make one with: mix phx.gen.secret");
        return draft.Because("phoenix is among the packages").Serve("mix phx.server");
    }

    [GeneratedRegex(@"elixir:\s*""([^""]{1,40})""", RegexOptions.NonBacktracking)]
    private static partial Regex Asked();
}
