using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace Portal.Benchmarks;

/// <summary>The least that a receiver of webhooks can do: check the HMAC, make one committed insert, answer.</summary>
internal static class BareWebhook
{
    public const string Table = "create table bare_pushes (id uuid primary key, received_at timestamptz not null, payload text not null); grant insert on bare_pushes to portal";

    public const string Insert = "insert into bare_pushes (id, received_at, payload) values ($1, now(), $2)";

    private static readonly byte[] Key = "yardstick"u8.ToArray();

    public static string Sign(byte[] body) => Sign(Key, body);

    public static string Sign(byte[] key, byte[] body) => "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, body));

    public static void Map(WebApplication app, string connectionString)
    {
        var source = NpgsqlDataSource.Create(connectionString);
        app.MapPost("/", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var bytes = body.ToArray();
            if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Sign(bytes)), Encoding.ASCII.GetBytes(context.Request.Headers["X-Hub-Signature-256"].ToString())))
            {
                return Results.Unauthorized();
            }
            await using var insert = source.CreateCommand(Insert);
            insert.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.CreateVersion7() });
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Encoding.UTF8.GetString(bytes) });
            await insert.ExecuteNonQueryAsync();
            return Results.Accepted();
        });
    }
}
