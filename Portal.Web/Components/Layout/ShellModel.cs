using Portal.Core.Common;
using Portal.Web.Auth;

namespace Portal.Web.Components.Layout;

/// <summary>What the frame around every page shows: who is here, their teams, and which team the address is about.</summary>
public sealed class ShellModel(IServiceProvider services)
{
    public Actor? Actor { get; private set; }

    public IReadOnlyList<TeamEntry> Teams { get; private set; } = [];

    public TeamEntry? Current { get; private set; }

    public bool IsAdmin => Actor is { IsPlatformAdmin: true } or { IsAuditor: true };

    public async Task ReadAsync(Place place, CancellationToken cancellationToken)
    {
        if (services.GetService<ICurrentActor>() is { } current)
        {
            Actor = await current.GetAsync(cancellationToken);
        }

        Current = place.Team is null ? null : Teams.FirstOrDefault(t => t.Slug == place.Team) ?? new TeamEntry(place.Team, place.Team);
    }
}
