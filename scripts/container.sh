#!/bin/bash
# Starts Portal's programs inside their images, with the layout and the users that the launcher uses
# on a machine. Passwords lie in files: the owner's in a volume that only init, postgres and
# migrations see, the hosts' own in a folder that only root enters.
set -euo pipefail

readonly data=/var/lib/portal secrets=/run/portal-secrets database=/run/portal-database
readonly state="$data" host="${PORTAL_DATABASE_HOST:-postgres}" port="${PORTAL_DATABASE_PORT:-5432}"

# The same numbers in every image, because they share the state volume.
make_users() {
  local user number=10001
  for user in portal portal-build portal-app; do
    useradd --key SYS_UID_MAX=10999 --key SYS_GID_MAX=10999 --system --user-group --uid "$number" --no-create-home --home-dir "$data" --shell /usr/sbin/nologin "$user"
    number=$((number + 1))
  done
}

make_state() {
  local name
  # For the database's own programs, which run as a user whose number differs from image to image.
  for name in postgres portal_owner portal portal_addons; do
    [[ -s $database/$name ]] || head -c 24 /dev/urandom | base64 -w0 | tr '+/' '-_' >"$database/$name"
  done
  umask 077
  chmod 0700 "$secrets"
  cp -- "$database/portal" "$database/portal_addons" "$secrets/"
  chmod 0755 "$data"
  install -d -m 0755 "$data"/{artifacts,builds,caches,instances}
  install -d -m 0750 -o portal -g portal "$data/repositories" "$data/mirrors"
  install -d -m 0700 -o portal -g portal "$data"/{keys,home,gateway}
  if [[ ! -s $data/keys/master.key ]]; then
    head -c 32 /dev/urandom | base64 -w0 >"$data/keys/master.key.new"
    chown portal:portal "$data/keys/master.key.new"
    mv "$data/keys/master.key.new" "$data/keys/master.key"
  fi
}

connection() { # ROLE FOLDER [DATABASE]
  printf 'Host=%s;Port=%d;Database=%s;Username=%s;Password=%s' "$host" "$port" "${3:-portal}" "$1" "$(<"$2/$1")"
}

settings() {
  ConnectionStrings__Portal="$(connection portal "$secrets")"
  export ConnectionStrings__Portal
  export Portal__StateDirectory="$data" Portal__DataDirectory="$data" Portal__RunDirectory=/run
  export Portal__MasterKeyFile="$data/keys/master.key"
  export Portal__Users__Build=portal-build Portal__Users__App=portal-app Portal__Users__Git=portal
  export Portal__Listen=http://0.0.0.0:8080 ASPNETCORE_URLS=http://0.0.0.0:8080 ASPNETCORE_HTTP_PORTS=''
  export Portal__AddOnHost="$host" Portal__AddOnPort="$port"
  export PORTAL_STATE="$data" PORTAL_PART="$1"
}

as_portal() {
  export HOME="$data/home"
  exec setpriv --reuid=portal --regid=portal --init-groups --inh-caps=-all --no-new-privs -- "$@"
}

# The container ends with this script and takes the apps with it, so it asks them to end first.
work() {
  local status=0 worker supervisors
  ConnectionStrings__AddOns="$(connection portal_addons "$secrets" postgres)"
  export ConnectionStrings__AddOns
  dotnet /portal/hosts/Portal.Worker/Portal.Worker.dll &
  worker=$!
  trap 'kill -TERM "$worker" 2>/dev/null || true' TERM INT
  # A signal ends `wait` before the worker has ended.
  while kill -0 "$worker" 2>/dev/null; do
    status=0
    wait "$worker" || status=$?
  done
  # shellcheck source=scripts/stop.sh
  source /portal/stop.sh
  mapfile -t supervisors < <(marked_processes instance)
  stop_processes TERM "$grace_apps" "${supervisors[@]}"
  return "$status"
}

case "${1:-}" in
  users) make_users ;;
  init) make_state ;;
  hold) exec sleep infinity ;;
  migrations)
    ConnectionStrings__Owner="$(connection portal_owner "$database")"
    export ConnectionStrings__Owner
    exec dotnet /portal/hosts/Portal.Migrations/Portal.Migrations.dll
    ;;
  link)
    settings web
    as_portal dotnet /portal/hosts/Portal.Web/Portal.Web.dll link
    ;;
  admin-token)
    settings web
    (as_portal dotnet /portal/hosts/Portal.Web/Portal.Web.dll admin-token --file "$data/keys/admin.token") >&2
    cat -- "$data/keys/admin.token"
    ;;
  web)
    settings web
    printf 'Sign in within 15 minutes, once: '
    (as_portal dotnet /portal/hosts/Portal.Web/Portal.Web.dll link) || true
    as_portal dotnet /portal/hosts/Portal.Web/Portal.Web.dll
    ;;
  worker)
    settings worker
    work
    ;;
  *)
    printf 'Usage: container.sh init | migrations | hold | web | worker | link | admin-token\n' >&2
    exit 2
    ;;
esac
