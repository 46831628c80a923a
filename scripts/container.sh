#!/bin/bash
# Starts Portal's programs inside their images, with the layout and the users that the launcher uses
# on a machine. Passwords lie in files: the owner's in a volume that only init, postgres and
# migrations see, the hosts' own in a folder that only root enters.
set -euo pipefail

readonly data=/var/lib/portal secrets=/run/portal-secrets database=/run/portal-database

make_state() {
  local name
  # For the database's own programs, which run as a user whose number differs from image to image.
  for name in postgres portal_owner portal; do
    [[ -s $database/$name ]] || head -c 24 /dev/urandom | base64 -w0 | tr '+/' '-_' >"$database/$name"
  done
  umask 077
  chmod 0700 "$secrets"
  cp -- "$database/portal" "$secrets/portal"
  chmod 0755 "$data"
  install -d -m 0755 "$data"/{artifacts,builds,caches,instances}
  install -d -m 0750 -o portal -g portal "$data/repositories"
  install -d -m 0700 -o portal -g portal "$data"/{keys,home}
  if [[ ! -s $data/keys/master.key ]]; then
    head -c 32 /dev/urandom | base64 -w0 >"$data/keys/master.key.new"
    chown portal:portal "$data/keys/master.key.new"
    mv "$data/keys/master.key.new" "$data/keys/master.key"
  fi
}

connection() { # ROLE FOLDER
  printf 'Host=%s;Database=portal;Username=%s;Password=%s' "${PORTAL_DATABASE_HOST:-postgres}" "$1" "$(<"$2/$1")"
}

settings() {
  ConnectionStrings__Portal="$(connection portal "$secrets")"
  export ConnectionStrings__Portal
  export Portal__StateDirectory="$data" Portal__DataDirectory="$data" Portal__RunDirectory=/run
  export Portal__MasterKeyFile="$data/keys/master.key"
  export Portal__Users__Build=portal-build Portal__Users__App=portal-app Portal__Users__Git=portal
  export Portal__Listen=http://0.0.0.0:8080 ASPNETCORE_URLS=http://0.0.0.0:8080 ASPNETCORE_HTTP_PORTS=''
  export PORTAL_STATE="$data" PORTAL_PART="$1"
}

as_portal() {
  export HOME="$data/home"
  exec setpriv --reuid=portal --regid=portal --init-groups --inh-caps=-all --no-new-privs -- "$@"
}

case "${1:-}" in
  init) make_state ;;
  migrations)
    ConnectionStrings__Owner="$(connection portal_owner "$database")"
    export ConnectionStrings__Owner
    exec dotnet /portal/hosts/Portal.Migrations/Portal.Migrations.dll
    ;;
  link)
    settings web
    as_portal dotnet /portal/hosts/Portal.Web/Portal.Web.dll link
    ;;
  web)
    settings web
    printf 'Sign in within 15 minutes, once: '
    (as_portal dotnet /portal/hosts/Portal.Web/Portal.Web.dll link) || true
    as_portal dotnet /portal/hosts/Portal.Web/Portal.Web.dll
    ;;
  worker)
    settings worker
    exec dotnet /portal/hosts/Portal.Worker/Portal.Worker.dll
    ;;
  *)
    printf 'Usage: container.sh init | migrations | web | worker | link\n' >&2
    exit 2
    ;;
esac
