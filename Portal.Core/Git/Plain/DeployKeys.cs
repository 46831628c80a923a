using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Common;

namespace Portal.Core.Git.Plain;

/// <summary>Ed25519 keys by ssh-keygen, in a private folder that is removed at once.</summary>
internal sealed class DeployKeys(ILogger<DeployKeys> logger) : IDeployKeyMaker
{
    public async Task<DeployKeyPair?> MakeAsync(string comment, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("portal-key-").FullName;
        try
        {
            var file = Path.Combine(folder, "key");
            await GitCommand.RunToEndAsync("", "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file], cancellationToken);
            return new DeployKeyPair(await File.ReadAllTextAsync(file, cancellationToken), (await File.ReadAllTextAsync(file + ".pub", cancellationToken)).Trim());
        }
        catch (PortalException e)
        {
            logger.LogWarning("No deploy key could be made (package openssh-client): {Problem}", e.Message);
            return null;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
