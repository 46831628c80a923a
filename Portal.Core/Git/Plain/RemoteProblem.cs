using Portal.Core.Common;

namespace Portal.Core.Git.Plain;

/// <summary>What git said about a server, as a sentence for the developer.</summary>
internal static class RemoteProblem
{
    private static readonly (string Said, Refusal Refusal, string Sentence)[] Known =
    [
        ("Permission denied (publickey", Refusal.Denied, "The host does not accept the app's deploy key; add it to the repository there (reading is enough)."),
        ("Host key verification failed", Refusal.Denied, "The host shows another ssh key than before, so nothing was fetched: somebody may be in between. When its owners say that the key was changed, trust the new one in the app's settings under Source."),
        ("could not read Username", Refusal.Denied, "The repository is private or does not exist. For a private one add the deploy key at the host and use its ssh:// address, or, for trying it out, give an access token that may read it."),
        ("terminal prompts disabled", Refusal.Denied, "The repository is private or does not exist. For a private one add the deploy key at the host and use its ssh:// address, or, for trying it out, give an access token that may read it."),
        ("Authentication failed", Refusal.Denied, "The repository is private or does not exist. For a private one add the deploy key at the host and use its ssh:// address, or, for trying it out, give an access token that may read it."),
        ("requested URL returned error: 30", Refusal.Invalid, "The host answers with a redirect, which is not followed; enter the final address (often it ends in .git)."),
        ("unable to update url base from redirection", Refusal.Invalid, "The host answers with a redirect, which is not followed; enter the final address (often it ends in .git)."),
        ("repository not found", Refusal.NotFound, "There is no such repository at the host, or it is private."),
        ("not found", Refusal.NotFound, "There is no such repository at the host, or it is private."),
        ("does not appear to be a git repository", Refusal.NotFound, "There is no git repository at this address."),
        ("SSL certificate problem", Refusal.Denied, "The host's certificate is not trusted on this machine."),
        ("Could not resolve host", Refusal.Unavailable, "The host is not known; check the address."),
        ("Connection refused", Refusal.Unavailable, "The host refuses connections at this port."),
        ("timed out", Refusal.Unavailable, "The host did not answer in time."),
        ("File too large", Refusal.TooLarge, "The repository is larger than the limit for sources."),
        ("signal 25", Refusal.TooLarge, "The repository is larger than the limit for sources."),
        ("cannot run ssh", Refusal.Unavailable, "This machine has no ssh program; an admin installs the package openssh-client."),
        ("ssh: not found", Refusal.Unavailable, "This machine has no ssh program; an admin installs the package openssh-client."),
    ];

    public static PortalException Of(string error)
    {
        foreach (var (said, refusal, sentence) in Known)
        {
            if (error.Contains(said, StringComparison.OrdinalIgnoreCase))
            {
                return new PortalException(refusal, sentence);
            }
        }
        var last = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault(line => line.Length > 0) ?? "git gave no reason";
        return new PortalException(Refusal.Unavailable, $"The repository could not be read: {RepositoryText.Clean(last, 300)}");
    }
}
