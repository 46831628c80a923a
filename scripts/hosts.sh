# The processes of Portal: how each is started, with which environment, and how it is kept alive.
# Each runs in a session of its own, so that Ctrl-C reaches the launcher alone and the order of
# stopping stays the launcher's.
# shellcheck shell=bash

declare -A pids=() restart_at=() failures=() started_at=()

no_environment() { :; }

# Starts NAME as USER; SETTINGS is a function that exports what it needs. Nothing is passed by
# argument that is anybody else's business. The lock (9) stays with the launcher.
spawn() { # NAME USER SETTINGS COMMAND…
  local name="$1" user="$2" settings="$3" switch=()
  shift 3
  if $as_root && [[ -n $user ]]; then
    switch=(setpriv "--reuid=$user" "--regid=$user" --init-groups --inh-caps=-all --no-new-privs --)
  fi
  (
    exec 9>&-
    trap - INT TERM HUP EXIT
    cd /
    export PORTAL_STATE="$state" PORTAL_PART="$name"
    "$settings"
    exec setsid -- "${switch[@]}" "$@"
  ) >>"$state/logs/$name.log" 2>&1 </dev/null &
  pids[$name]=$!
  started_at[$name]=$SECONDS
  printf '%s\n' "${pids[$name]}" >"$state/pids/$name"
}

host_alive() { # NAME
  [[ -n ${pids[$1]:-} ]] && kill -0 "${pids[$1]}" 2>/dev/null
}

# The contract between launcher and hosts, in ASP.NET's notation.
host_environment() {
  ConnectionStrings__Portal="$(database_url portal)"
  export ConnectionStrings__Portal
  export Portal__StateDirectory="$state" Portal__DataDirectory="$data" Portal__RunDirectory="$run"
  export Portal__PublicUrl="$public_url" Portal__AppsDomain="$apps_domain" Portal__Trusted="$option_trusted"
  export Portal__Users__Build="$user_build" Portal__Users__App="$user_app" Portal__Users__Git="$user_web"
  export Portal__MasterKeyFile="$data/keys/master.key"
  export Portal__AddOnPort="$database_port"
  export Portal__Listen="$listen_urls" ASPNETCORE_URLS="$listen_urls"
  export DOTNET_SHUTDOWNTIMEOUTSECONDS=10
}

# Web is the part that strangers talk to: it gets what it needs of the caller's environment and no more.
web_environment() {
  local name
  host_environment
  export HOME="$data/home"
  while IFS= read -r name; do
    case "$name" in
      PATH | HOME | LANG | LC_* | TZ | *_PROXY | *_proxy | SSL_CERT_* | OTEL_* | DOTNET_* | ASPNETCORE_*) ;;
      Portal__* | ConnectionStrings__* | Logging__* | PORTAL_STATE | PORTAL_PART) ;;
      *) unset -v "$name" 2>/dev/null || true ;;
    esac
  done < <(compgen -e)
}

spawn_web() { spawn web "$user_web" web_environment "$dotnet_program" "$hosts/Portal.Web/Portal.Web.dll"; }

worker_environment() {
  host_environment
  ConnectionStrings__AddOns="$(database_url portal_addons postgres)"
  export ConnectionStrings__AddOns
}

# Root when we are: it switches to the users of builds and apps.
spawn_worker() { spawn worker '' worker_environment "$dotnet_program" "$hosts/Portal.Worker/Portal.Worker.dll"; }

# Runs one of the web program's commands to its end.
web_command() { # COMMAND…
  (
    exec 9>&-
    cd /
    web_environment
    as "$user_web" timeout 60 "$dotnet_program" "$hosts/Portal.Web/Portal.Web.dll" "$@"
  )
}

make_master_key() {
  local file="$data/keys/master.key"
  [[ ! -s $file ]] || return 0
  (umask 077 && head -c 32 /dev/urandom | base64 -w0 >"$file.new")
  if $as_root; then chown "$user_web:$user_web" "$file.new"; fi
  mv -- "$file.new" "$file"
}

readonly log_limit=$((10 * 1024 * 1024))
rotate_logs() {
  local file
  for file in "$state"/logs/*.log; do
    [[ -f $file ]] || continue
    (($(stat -c %s -- "$file") > log_limit)) || continue
    if [[ -f $file.1 ]]; then mv -f -- "$file.1" "$file.2"; fi
    mv -f -- "$file" "$file.1"
  done
}

# Restarts what died: after 1, 2, 4 … 30 s; a minute of good running forgets earlier failures.
supervise() {
  local name
  # Bash itself reports killed children there, in its own words.
  exec 2>>"$state/logs/launcher.log"
  while true; do
    # `sleep` in the background and `wait`: a signal ends the wait at once.
    sleep 0.5 9>&- &
    wait $! || true
    for name in postgres web worker; do
      if host_alive "$name"; then
        if ((${failures[$name]:-0} > 0 && SECONDS - started_at[$name] >= 60)); then failures[$name]=0; fi
        continue
      fi
      if [[ -z ${restart_at[$name]:-} ]]; then
        plan_restart "$name"
      elif ((SECONDS >= restart_at[$name])); then
        unset "restart_at[$name]"
        restart "$name"
      fi
    done
  done
}

plan_restart() { # NAME
  local status=0 delay=$((1 << (${failures[$1]:-0} > 5 ? 5 : ${failures[$1]:-0})))
  if ((delay > 30)); then delay=30; fi
  wait "${pids[$1]}" 2>/dev/null || status=$?
  failures[$1]=$((${failures[$1]:-0} + 1))
  restart_at[$1]=$((SECONDS + delay))
  printf '%(%H:%M:%S)T  %s ended with %s; starting it again in %d s. Its log: %s\n' -1 "$1" "$(exit_named "$status")" "$delay" "$state/logs/$1.log"
}

exit_named() { # STATUS
  if (($1 > 128)); then printf 'signal %s' "$(kill -l $(($1 - 128)))"; else printf 'code %d' "$1"; fi
}

restart() { # NAME
  case "$1" in
    postgres) spawn_database ;;
    web) spawn_web ;;
    worker) spawn_worker ;;
  esac
  printf '%(%H:%M:%S)T  %s started again\n' -1 "$1"
}
