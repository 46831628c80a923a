using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Data;
using Portal.Migrations;

var connectionString = Environment.GetEnvironmentVariable("ConnectionStrings__Owner");
if (string.IsNullOrWhiteSpace(connectionString))
{
    Console.Error.WriteLine("Set ConnectionStrings__Owner to a connection string of the role that owns the tables.");
    return 2;
}
try
{
    var role = Environment.GetEnvironmentVariable("Portal__DatabaseRole") is { Length: > 0 } named ? named : "portal";
    var result = await SchemaMigrator.ApplyAsync(connectionString, role, CancellationToken.None);
    Console.WriteLine(result.Applied.Count == 0 ? "The schema is up to date." : $"Applied {string.Join(", ", result.Applied)}.");
    if (!result.Granted)
    {
        Console.WriteLine($"There is no other role “{role}” to give rights to: the hosts have to connect as the owner of the tables. Name their role in Portal__DatabaseRole to separate the two.");
    }
    return 0;
}
catch (Exception e) when (e is NpgsqlException or InvalidOperationException or DbUpdateException or ArgumentException or FormatException)
{
    Console.Error.WriteLine($"The schema could not be brought up to date: {e.Message}");
    return 1;
}
