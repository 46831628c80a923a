# Targets: web, worker, migrations, and dev (for the dev container).
# The base images are arguments, for places with a registry of their own. SDK and runtime may be of
# any distribution with apt; worker and dev, which need packages that only Debian has, are Debian.
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0
ARG DEBIAN_IMAGE=debian:13

FROM ${SDK_IMAGE} AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY scripts/*.proj scripts/
COPY samples/ samples/
COPY Portal.Core/ Portal.Core/
COPY Portal.Web/ Portal.Web/
COPY Portal.Worker/ Portal.Worker/
COPY migrations/ migrations/
RUN dotnet build scripts/hosts.proj -nologo -v quiet -p:PortalHosts=/hosts/

FROM ${RUNTIME_IMAGE} AS host
RUN apt-get update -q && apt-get install -y -q --no-install-recommends git && rm -rf /var/lib/apt/lists/*
COPY scripts/stop.sh scripts/container.sh /portal/
RUN bash /portal/container.sh users
ENTRYPOINT ["/bin/bash", "/portal/container.sh"]

FROM host AS migrations
COPY --from=build /hosts/Portal.Migrations/ /portal/hosts/Portal.Migrations/
CMD ["migrations"]

FROM host AS web
COPY --from=build /hosts/Portal.Web/ /portal/hosts/Portal.Web/
EXPOSE 8080
CMD ["web"]

FROM ${DEBIAN_IMAGE} AS sdk
# ICU's package is named after its version.
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends ca-certificates git bubblewrap procps '^libicu[0-9]+$' \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/share/dotnet/ /usr/share/dotnet/
RUN ln -s /usr/share/dotnet/dotnet /usr/bin/dotnet
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# Builds and runs apps, so it carries their tool-chains besides .NET: Debian's packages, to be chosen.
FROM sdk AS worker
ARG TOOLCHAINS="nodejs npm python3 python3-venv python3-pip"
RUN apt-get update -q && apt-get install -y -q --no-install-recommends ${TOOLCHAINS} && rm -rf /var/lib/apt/lists/*
COPY scripts/stop.sh scripts/container.sh /portal/
RUN bash /portal/container.sh users
COPY --from=build /hosts/Portal.Worker/ /portal/hosts/Portal.Worker/
ENTRYPOINT ["/bin/bash", "/portal/container.sh"]
CMD ["worker"]

FROM sdk AS dev
RUN mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
 && apt-get update -q \
 && apt-get install -y -q --no-install-recommends postgresql chromium shellcheck nodejs npm python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
