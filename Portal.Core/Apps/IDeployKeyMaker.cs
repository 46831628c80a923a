namespace Portal.Core.Apps;

/// <param name="Private">In OpenSSH's format; to be sealed at once.</param>
/// <param name="Public">One line, to add at the git host.</param>
public sealed record DeployKeyPair(string Private, string Public);

/// <summary>Makes the key with which an app reads its outside repository over ssh.</summary>
public interface IDeployKeyMaker
{
    /// <param name="comment">Names the key at the git host.</param>
    /// <returns>Null when this machine cannot make one.</returns>
    Task<DeployKeyPair?> MakeAsync(string comment, CancellationToken cancellationToken);
}
