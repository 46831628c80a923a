using System.Globalization;
using Portal.Core.Apps;
using Portal.Core.Common;

namespace Portal.Core.Releases;

/// <summary>Performs the fixes that a status offers. Each is what a person could do by hand, with the same rights and trail.</summary>
public sealed class ActionService(EnvironmentService environments, ReleaseService releases)
{
    /// <param name="action">A <see cref="StatusAction.Id"/>: <c>use-port:3000</c>, <c>memory:512</c>, <c>rollback:12</c>, <c>resume</c>, <c>retry</c>.</param>
    public async Task PerformAsync(Actor actor, AppPath path, string environment, string action, CancellationToken cancellationToken)
    {
        var colon = action.IndexOf(':', StringComparison.Ordinal);
        var (name, argument) = colon < 0 ? (action, "") : (action[..colon], action[(colon + 1)..]);
        switch (name)
        {
            case "use-port":
                await environments.UpdateAsync(actor, path, environment, new EnvironmentChange { FixedPort = Number(argument) }, cancellationToken);
                break;
            case "memory":
                await environments.UpdateAsync(actor, path, environment, new EnvironmentChange { MemoryMb = Number(argument) }, cancellationToken);
                break;
            case "rollback":
                await releases.RollBackAsync(actor, path, environment, Number(argument), cancellationToken);
                break;
            case "resume":
                await environments.ResumeAsync(actor, path, environment, cancellationToken);
                break;
            case "retry":
                await releases.RetryAsync(actor, path, environment, cancellationToken);
                break;
            case "add-variable":
                throw PortalException.Conflict($"Set {argument} among the environment's variables; Portal does not know its value.");
            default:
                throw PortalException.NotFound("fix of this name");
        }
    }

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw PortalException.Invalid("id", "This fix needs a number after the colon, such as use-port:3000.");
}
