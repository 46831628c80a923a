namespace Portal.Core.Builds.Detection.Other;

/// <summary>
/// A repository whose Dockerfile is all that says how it runs. The process builder makes no images, so the plan explains
/// that; a builder that can takes <see cref="BuildPlan.Dockerfile"/>.
/// </summary>
internal sealed class DockerStack : IStack
{
    public string Id => "docker";

    public static string? Find(SourceView source) => source.First("Dockerfile", "dockerfile", "Containerfile", "docker/Dockerfile", ".docker/Dockerfile");

    public Draft? Detect(SourceView source, bool chosen)
    {
        if (Find(source) is not { } file)
        {
            return null;
        }

        return new Draft("Dockerfile", Id) { Dockerfile = file }
            .Because($"{file} says how to make an image, and nothing else says how to run this")
            .Fail(
                $"This repository is built by its {file}, and this Portal has no image builder: it runs programs directly.",
                "Add a Procfile or set the start command (and install and build commands) in the app's settings, or ask the administrator to connect a cluster.");
    }
}
