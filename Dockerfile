# syntax=docker/dockerfile:1
# Targets: web, worker, migrations, and dev (for the dev container).
# The base images are arguments, for places with a registry of their own; both are Debian or Ubuntu.
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0

FROM ${SDK_IMAGE} AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY scripts/hosts.proj scripts/
COPY Portal.Core/ Portal.Core/
COPY Portal.Web/ Portal.Web/
COPY Portal.Worker/ Portal.Worker/
COPY migrations/ migrations/
RUN dotnet build scripts/hosts.proj -nologo -v quiet -p:PortalHosts=/hosts/

# What the three programs share: their users, with the same numbers in every image, because the
# state volume is shared, and the program that starts them.
FROM ${RUNTIME_IMAGE} AS host
RUN apt-get update -q && apt-get install -y -q --no-install-recommends git && rm -rf /var/lib/apt/lists/* \
 && useradd --system --user-group --uid 10001 --home-dir /var/lib/portal --shell /usr/sbin/nologin portal \
 && useradd --system --user-group --uid 10002 --home-dir /var/lib/portal --shell /usr/sbin/nologin portal-build \
 && useradd --system --user-group --uid 10003 --home-dir /var/lib/portal --shell /usr/sbin/nologin portal-app
COPY scripts/container.sh /portal/container.sh
ENTRYPOINT ["/bin/bash", "/portal/container.sh"]

FROM host AS migrations
COPY --from=build /hosts/Portal.Migrations/ /portal/hosts/Portal.Migrations/
CMD ["migrations"]

FROM host AS web
COPY --from=build /hosts/Portal.Web/ /portal/hosts/Portal.Web/
EXPOSE 8080
CMD ["web"]

# Builds and runs apps, so it carries the tool-chains; more can be added in an image of one's own.
FROM ${SDK_IMAGE} AS worker
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends git bubblewrap nodejs npm python3 python3-venv python3-pip \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --user-group --uid 10001 --home-dir /var/lib/portal --shell /usr/sbin/nologin portal \
 && useradd --system --user-group --uid 10002 --home-dir /var/lib/portal --shell /usr/sbin/nologin portal-build \
 && useradd --system --user-group --uid 10003 --home-dir /var/lib/portal --shell /usr/sbin/nologin portal-app
COPY scripts/container.sh /portal/container.sh
COPY --from=build /hosts/Portal.Worker/ /portal/hosts/Portal.Worker/
ENTRYPOINT ["/bin/bash", "/portal/container.sh"]
CMD ["worker"]

FROM ${SDK_IMAGE} AS dev
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends git postgresql bubblewrap chromium shellcheck nodejs npm python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
