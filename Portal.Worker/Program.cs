using Portal.Worker;
using Portal.Worker.Supervise;

// The same program is also the small one that looks after an instance; no host is built for that.
if (args is [SuperviseMode.Name, var instanceFolder])
{
    return SuperviseMode.Run(instanceFolder);
}
return await WorkerHost.RunAsync(args);
