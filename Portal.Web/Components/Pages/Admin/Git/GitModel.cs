using System.Globalization;
using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Git.GitHub;
using Portal.Core.Teams;
using Portal.Core.Triggers.Reports;

namespace Portal.Web.Components.Pages.Admin.Git;

/// <summary>What Admin → Git connections shows.</summary>
public sealed record GitModel(IReadOnlyList<ConnectionView> Connections, IReadOnlyDictionary<Guid, ReportBacklog> Reports, IReadOnlyList<Team> Teams, bool MayChange)
{
    private static readonly TimeSpan GapIsTold = TimeSpan.FromDays(7);

    public static async Task<GitModel> ReadAsync(Actor actor, ConnectionReader reader, ReportReader reports, TeamReader teams, CancellationToken cancellationToken) =>
        new(await reader.ListAsync(actor, cancellationToken), await reports.ReadAsync(actor, cancellationToken), await teams.MineAsync(actor, cancellationToken), AccessPolicy.Allows(actor, Permission.ManagePlatform, Resource.Platform));

    /// <summary>How one connection is, the worst first.</summary>
    /// <param name="now">A gap is told for a week.</param>
    public static Status StatusOf(ConnectionView view, DateTimeOffset now)
    {
        var connection = view.Connection;
        if (connection.Problem is { } problem)
        {
            return Status.Of(Severity.Error, $"{view.Host} does not answer as it should", problem, "Portal asks again every few minutes. What runs goes on.");
        }
        if (connection is { GapFrom: { } from, GapTo: { } to } && now - to < GapIsTold)
        {
            return Status.Of(Severity.Warning, "Some deliveries may be lost", string.Create(CultureInfo.InvariantCulture, $"Portal was away from {from:d MMM HH:mm} to {to:d MMM HH:mm} UTC, which is longer than {view.Host} keeps deliveries."),
                "Every followed branch was compared since, so what is pushed is deployed. Tags and pull requests of that time are worth a look.");
        }
        if (connection.LostDeliveries > 0)
        {
            return Status.Of(Severity.Warning, $"{Controls.Words.Count(connection.LostDeliveries, "delivery", "deliveries")} of {view.Host} came to nothing", "Each failed several times, so Portal stopped asking for it.", "Look at the App's recent deliveries there: its address or secret may have been changed.");
        }
        if (connection.CheckedAt is null)
        {
            return Status.Of(Severity.Working, "Being looked at", $"Portal asks {view.Host} what the App may see.", "");
        }
        if (view.Installations.All(i => !i.Installation.IsUsable))
        {
            return Status.Of(Severity.Warning, "Not installed yet", $"The App {connection.Name} is registered at {view.Host}, but nobody has installed it.", "Install it on the account that has the repositories.");
        }
        if (view.Installations.FirstOrDefault(i => i is { IsForNobody: true, Installation.IsUsable: true }) is { } unused)
        {
            return Status.Of(Severity.Warning, $"No team may use {unused.Installation.Account} yet", "Its repositories are hidden until you say who may choose from them.", "Choose “Every team”, or some, below.");
        }
        return !view.CanBeReached
            ? Status.Of(Severity.Ok, "Connected, without webhooks", $"{view.Host} cannot reach Portal at its address, so Portal looks for new commits by itself every two minutes.", "")
            : connection.WebhookVerifiedAt is null
                ? Status.Of(Severity.Working, $"Waiting for the first delivery of {view.Host}", "Until it comes, Portal looks for new commits by itself.", "Push something to one of the repositories, or look at the App's recent deliveries there.")
                : Status.Of(Severity.Ok, "Connected", $"Deliveries of {view.Host} come in and are verified.{(connection.DeliveredUpTo is { } upTo ? string.Create(CultureInfo.InvariantCulture, $" None is missing up to {upTo:HH:mm} UTC.") : "")}{(connection.Redelivered > 0 ? $" {Controls.Words.Count(connection.Redelivered, "delivery was", "deliveries were")} asked for again." : "")}", "");
    }
}
