using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Releases;

/// <summary>
/// The number of the last change to the routes: one row, raised by every change in its own transaction. The row's lock is
/// held until the commit, so the order of revisions is the order of commits, and removals are counted too: whoever reads
/// this row and all routes in one snapshot has applied everything up to it.
/// </summary>
public sealed class RouteRevision
{
    public const int Only = 1;

    public required int Id { get; init; }

    public required long Revision { get; set; }
}

internal sealed class RouteRevisionMapping : IEntityTypeConfiguration<RouteRevision>
{
    public void Configure(EntityTypeBuilder<RouteRevision> builder)
    {
        builder.ToTable("route_revision");
        builder.HasKey(r => r.Id);
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.HasData(new RouteRevision { Id = RouteRevision.Only, Revision = 0 });
    }
}
