using Portal.Worker;
using Portal.Worker.ServeStatic;
using Portal.Worker.Supervise;

// The same program is also the small one that looks after an instance, and the one that serves a folder's files. Both
// come before anything of the host is loaded: there is one of them per instance.
if (args is [SuperviseMode.Name, var instanceFolder])
{
    return SuperviseMode.Run(instanceFolder);
}
if (args is [StaticMode.Name, var root, .. var options])
{
    return await StaticMode.RunAsync(root, options.Contains("--spa"));
}
return await WorkerHost.RunAsync(args);
