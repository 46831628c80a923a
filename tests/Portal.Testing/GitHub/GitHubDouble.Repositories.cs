using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

public sealed partial class GitHubDouble
{
    /// <summary>The former name leads to the repository until another one takes it.</summary>
    public Task RenameRepositoryAsync(DoubleRepository repository, string name)
    {
        lock (State.Gate)
        {
            var from = repository.Name;
            State.Renamed(repository, repository.Owner, name);
            Tell(repository, "renamed", new JsonObject { ["changes"] = new JsonObject { ["repository"] = new JsonObject { ["name"] = new JsonObject { ["from"] = from } } } });
        }
        return Task.CompletedTask;
    }

    /// <summary>The former owner's installations lose it, the new owner's for all repositories get it.</summary>
    public Task TransferRepositoryAsync(DoubleRepository repository, string newOwner)
    {
        lock (State.Gate)
        {
            var from = repository.Owner;
            var sender = Actor(from);
            var before = State.Installations.Values.Where(i => i.Covers(repository)).ToList();
            State.Renamed(repository, State.Person(newOwner), repository.Name);
            foreach (var installation in before)
            {
                installation.Chosen = installation.Chosen?.Where(id => id != repository.Id).ToHashSet();
                TellOfRepositories(installation, [], [repository], sender);
            }
            var after = State.Installations.Values.Where(i => i.Covers(repository)).ToList();
            foreach (var installation in after)
            {
                TellOfRepositories(installation, [repository], [], sender);
            }
            var changes = new JsonObject { ["owner"] = new JsonObject { ["from"] = new JsonObject { [from.IsOrganization ? "organization" : "user"] = Shapes.Account(from) } } };
            Webhooks.OfRepository("repository", "transferred", repository, sender, new JsonObject { ["changes"] = changes }, to: before.Concat(after).Where(i => !i.IsSuspended));
        }
        return Task.CompletedTask;
    }

    public Task ArchiveRepositoryAsync(DoubleRepository repository, bool archived = true)
    {
        lock (State.Gate)
        {
            repository.IsArchived = archived;
            Tell(repository, archived ? "archived" : "unarchived", []);
        }
        return Task.CompletedTask;
    }

    public Task SetVisibilityAsync(DoubleRepository repository, bool isPrivate)
    {
        lock (State.Gate)
        {
            repository.IsPrivate = isPrivate;
            Tell(repository, isPrivate ? "privatized" : "publicized", []);
        }
        return Task.CompletedTask;
    }

    /// <summary>Its folder stays until the test removes it; pull requests that came from it stay open without a head.</summary>
    public Task DeleteRepositoryAsync(DoubleRepository repository)
    {
        lock (State.Gate)
        {
            var covering = State.Installations.Values.Where(i => !i.IsSuspended && i.Covers(repository)).ToList();
            State.Deleted(repository);
            foreach (var pull in State.Repositories.Values.Where(r => r != repository).SelectMany(r => r.PullRequests).Where(p => p.Head == repository))
            {
                pull.Head = null;
            }
            Webhooks.OfRepository("repository", "deleted", repository, Actor(repository.Owner), [], to: covering);
        }
        return Task.CompletedTask;
    }

    private void Tell(DoubleRepository repository, string action, JsonObject more)
    {
        repository.UpdatedAt = State.Now;
        Webhooks.OfRepository("repository", action, repository, Actor(repository.Owner), more);
    }
}
