# Where things lie and who owns them.
#
# An ordinary user keeps everything in the state folder. Root cannot: the database, builds and apps
# run as users that may not enter it (the checkout is often under /root), so their data lies in
# /var/lib/portal/<id> and their sockets in /run/portal/<id>; <id> names the state folder.
# shellcheck shell=bash

# A socket path ends at 107 bytes; PostgreSQL's file name in its folder takes 22 of them.
readonly socket_folder_limit=85

state='' state_id='' data='' run=''
as_root=false user_database='' user_web='' user_build='' user_app=''

find_layout() {
  state="$(realpath -m -- "${option_state:-$root/.portal}")"
  [[ $state != / ]] || die "The state folder cannot be /. Choose another with --state."
  [[ $state != *$'\n'* ]] || die "The state folder's name cannot contain a line break."
  state_id="$(printf '%s' "$state" | sha256sum)"
  state_id="${state_id:0:10}"
  if [[ $EUID -eq 0 ]]; then
    as_root=true
    user_database=postgres user_web=portal user_build=portal-build user_app=portal-app
    data="/var/lib/portal/$state_id"
    run="/run/portal/$state_id"
  else
    data="$state/data"
    run="$state/run"
    # Elsewhere only when it must be: a folder of our own name in a shared place is checked below.
    if ((${#run} > socket_folder_limit - 3)); then
      run="${XDG_RUNTIME_DIR:-/tmp}/portal-$UID-$state_id"
    fi
  fi
}

make_layout() {
  # Folders that only their owner enters; what others need is opened for them one by one.
  umask 077
  mkdir -p -- "$state" 2>/dev/null || die "Cannot make the state folder $state. Choose another with --state."
  [[ -w $state ]] || die "The state folder $state cannot be written by $(id -un). Choose another with --state."
  mkdir -p -- "$state/logs" "$state/pids"
  if $as_root; then
    install -d -m 0755 /var/lib/portal /run/portal "$data" "$run"
    install -d -m 0700 -o "$user_database" -g "$user_database" "$data/db"
    install -d -m 0750 -o "$user_database" -g "$user_web" "$run/db"
    install -d -m 0750 -o "$user_web" -g "$user_web" "$data/repositories" "$data/mirrors"
    install -d -m 0700 -o "$user_web" -g "$user_web" "$data/keys" "$data/home" "$data/gateway"
    install -d -m 0755 "$data/artifacts" "$data/builds" "$data/caches" "$data/instances"
    printf '%s\n' "$state" >"$data/state"
  else
    mkdir -p -- "$run"
    [[ -O $run && ! -L $run ]] || die "The socket folder $run belongs to somebody else. Remove it, or choose a shorter --state."
    chmod 0700 -- "$run"
    mkdir -p -- "$data/db" "$run/db" "$data"/{repositories,mirrors,keys,home,gateway,artifacts,builds,caches,instances}
  fi
  printf '%s\n' "$data" >"$state/data-folder"
  umask 022
}

lock_state() {
  exec 9>>"$state/lock"
  flock -n 9 || die "The state folder $state is in use by another ./portal$(launcher_named). Stop it with ./portal down, or choose another with --state."
}

launcher_named() {
  local pid
  pid="$(cat -- "$state/pids/launcher" 2>/dev/null || true)"
  [[ -z $pid ]] || printf ' (process %s)' "$pid"
}

# As far as it is there already: nothing is made on a disk that is too full for it.
existing_folder() { # FOLDER
  local folder="$1"
  while [[ ! -d $folder ]]; do folder="$(dirname -- "$folder")"; done
  printf '%s' "$folder"
}

# 500 MB is what a first build and its artifact take at least; less ends in a half-written database.
readonly least_free_megabytes=500
check_disk() {
  local folder free
  for folder in "$state" "$data" "$root"; do
    free="$(df -Pm -- "$(existing_folder "$folder")" | awk 'NR == 2 { print $4 }')"
    ((free >= ${PORTAL_LEAST_FREE_MB:-$least_free_megabytes})) ||
      die "The disk is full: only $free MB are free at $folder, Portal needs ${PORTAL_LEAST_FREE_MB:-$least_free_megabytes} MB. Free some, or choose another disk with --state."
  done
}

make_users() {
  $as_root || return 0
  local user
  for user in "$user_web" "$user_build" "$user_app"; do
    id -u "$user" >/dev/null 2>&1 && continue
    # A group of its own for each: a shared one would let an app read what builds or the web may.
    useradd --system --user-group --no-create-home --home-dir "/var/lib/portal" --shell /usr/sbin/nologin "$user" ||
      die "Cannot make the system user $user. Make it by hand (useradd --system $user), or run ./portal up as an ordinary user."
  done
}

# Runs a command as another user, or as ourselves where there is only one.
as() { # USER COMMAND…
  local user="$1"
  shift
  if $as_root && [[ -n $user ]]; then
    setpriv --reuid="$user" --regid="$user" --init-groups --inh-caps=-all -- "$@"
  else
    "$@"
  fi
}
