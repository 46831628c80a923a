namespace Portal.Core.Runtimes.Local;

/// <summary>One at a time per place, among all workers of this machine. Let go by the kernel when its holder dies.</summary>
internal static class PlaceLock
{
    public static async Task<FileStream> TakeAsync(string instances, Guid place, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(instances, ".locks")).FullName;
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(folder, place.ToString("n")), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (e is not DirectoryNotFoundException)
            {
                await Task.Delay(50, cancellationToken);
            }
        }
    }
}
