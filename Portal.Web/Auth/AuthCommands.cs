using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Teams;

namespace Portal.Web.Auth;

/// <summary>
/// What the launcher asks of the program besides serving: <c>link</c> prints a sign-in link, <c>admin-token --file F</c>
/// sees to it that F holds a working platform-admin token, <c>link --admin-token F</c> does both.
/// </summary>
internal static class AuthCommands
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <returns>The exit code, or null when the arguments are no command.</returns>
    public static async Task<int?> RunAsync(string[] args, IConfiguration configuration, TextWriter output, TextWriter error)
    {
        if (args is not (["link"] or ["link", "--admin-token", _] or ["admin-token", "--file", _]))
        {
            return null;
        }
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<AuditTrail>()
            .AddPortalData(configuration.GetConnectionString("Portal")!)
            .AddTeams()
            .BuildServiceProvider();
        try
        {
            if (args is [.., var file] and not ["link"])
            {
                await WriteTokenAsync(services.GetRequiredService<InstallationToken>(), file, output);
            }
            if (args is ["link", ..])
            {
                var token = await services.GetRequiredService<SignInLinks>().CreateAsync(CancellationToken.None);
                output.WriteLine($"{configuration[$"{PortalOptions.Section}:{nameof(PortalOptions.PublicUrl)}"]}/link?token={token}");
            }
            return 0;
        }
        catch (Exception e) when (e is System.Data.Common.DbException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            error.WriteLine($"{args[0]}: {e.Message}");
            return 1;
        }
    }

    private static async Task WriteTokenAsync(InstallationToken tokens, string file, TextWriter output)
    {
        if (File.Exists(file) && await tokens.WorksAsync((await File.ReadAllTextAsync(file)).Trim(), CancellationToken.None))
        {
            output.WriteLine($"{file} holds a token that works.");
            return;
        }
        // Whole or not at all, and never readable by others, not even for a moment.
        var draft = file + ".new";
        File.Delete(draft);
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            create.UnixCreateMode = OwnerOnly;
        }
        await using (var stream = new StreamWriter(draft, create))
        {
            await stream.WriteLineAsync(await tokens.RenewAsync(CancellationToken.None));
        }
        File.Move(draft, file, overwrite: true);
        output.WriteLine($"Wrote a platform-admin token into {file}.");
    }
}
