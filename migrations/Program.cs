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
    var applied = await SchemaMigrator.ApplyAsync(connectionString, Environment.GetEnvironmentVariable("Portal__DatabaseRole") ?? "portal", CancellationToken.None);
    Console.WriteLine(applied.Count == 0 ? "The schema is up to date." : $"Applied {string.Join(", ", applied)}.");
    return 0;
}
catch (Exception e) when (e is NpgsqlException or InvalidOperationException or DbUpdateException or ArgumentException or FormatException)
{
    Console.Error.WriteLine($"The schema could not be brought up to date: {e.Message}");
    return 1;
}
