namespace Portal.Core.Builds.Detection;

/// <summary>
/// Reads a source and says how to build and run it. Pure and total: the same files give the same plan, and no file,
/// however broken, makes it throw; a source it cannot place gives a plan with a <see cref="BuildPlan.Problem"/>.
/// </summary>
public static class StackDetector
{
    public static BuildPlan Detect(ISourceFiles files, PlanOverrides? overrides = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        return new BuildPlan
        {
            Stack = "Unknown",
            StackId = "unknown",
            Problem = new PlanProblem(
                "Nothing in this folder says how to run it.",
                "Set the start command in the app's settings, or add a Procfile with a line such as: web: node server.js"),
        };
    }
}
