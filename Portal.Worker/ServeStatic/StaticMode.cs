namespace Portal.Worker.ServeStatic;

/// <summary><c>Portal.Worker serve-static ROOT [--spa]</c>: serves a folder's files on $HOST:$PORT.</summary>
internal static class StaticMode
{
    public const string Name = "serve-static";
}
