namespace Portal.Testing.GitHub;

internal enum AccountKind
{
    User,
    Organization,
    Bot,
}

/// <summary>A person, an organization, or the bot that an app acts as.</summary>
public sealed class DoubleAccount
{
    // Account id → owner (true) or plain member (false). Read and written under the gate.
    internal readonly Dictionary<long, bool> Members = [];

    internal DoubleAccount(long id, string login, AccountKind kind)
    {
        Id = id;
        Login = login;
        Kind = kind;
    }

    public long Id { get; }

    public string Login { get; }

    public bool IsOrganization => Kind == AccountKind.Organization;

    /// <summary>The address by which GitHub knows the person's commits without telling the real one.</summary>
    public string NoReplyEmail => $"{Id}+{Login}@users.noreply.github.com";

    /// <summary>The verified address of the person.</summary>
    public string Email => $"{Login.ToLowerInvariant()}@example.com";

    internal AccountKind Kind { get; }

    internal string NodeId => Shapes.NodeId(IsOrganization ? "O" : "U", Id);

    /// <summary>May install apps and change repositories of <paramref name="owner"/>.</summary>
    internal bool Administers(DoubleAccount owner) => owner == this || (owner.Members.TryGetValue(Id, out var isOwner) && isOwner);

    internal bool BelongsTo(DoubleAccount owner) => owner == this || owner.Members.ContainsKey(Id);
}
