# ./portal up, from nothing to ready, and ./portal link.
# shellcheck shell=bash

public_url='' apps_domain='' listen_urls='' probe_address=''
sdk_version=''

find_addresses() {
  public_url="http://localhost:$option_port"
  apps_domain="${option_domain:-localhost:$option_port}"
  if [[ -z $option_listen ]]; then
    listen_urls="http://127.0.0.1:$option_port"
    # Browsers try ::1 first for localhost; not every machine has it.
    if grep -qs '^00000000000000000000000000000001 ' /proc/net/if_inet6; then listen_urls+=";http://[::1]:$option_port"; fi
    probe_address=127.0.0.1
    return
  fi
  probe_address="${option_listen#[}" probe_address="${probe_address%]}"
  if [[ $probe_address == *:* ]]; then listen_urls="http://[$probe_address]:$option_port"; else listen_urls="http://$probe_address:$option_port"; fi
  case "$probe_address" in
    0.0.0.0) probe_address=127.0.0.1 ;;
    ::) probe_address=::1 ;;
  esac
  if [[ $probe_address != 127.* && $probe_address != ::1 ]]; then public_url="${listen_urls}"; fi
}

# What web, which is never root, could not listen on.
check_addresses() {
  local first own
  first="$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || true)"
  ((option_port >= ${first:-1024})) ||
    die "Port $option_port is for root only, and web does not run as root. Choose one from ${first:-1024} with --port, or allow it with: sysctl net.ipv4.ip_unprivileged_port_start=$option_port"
  own="$(hostname -I 2>/dev/null || true)"
  [[ -z $own || $probe_address == 127.* || $probe_address == ::1 || " $own " == *" $probe_address "* ]] ||
    die "This machine has no address $probe_address to listen on. It has: ${own% }. Choose one with --listen."
}

port_taken() {
  (exec 3<>"/dev/tcp/$probe_address/$option_port") 2>/dev/null
}

# Asks /readyz without curl, which a bare machine does not have.
ready() {
  local line=''
  {
    exec 3<>"/dev/tcp/$probe_address/$option_port" || return 1
    printf 'GET /readyz HTTP/1.0\r\nHost: localhost:%s\r\n\r\n' "$option_port" >&3
    IFS= read -r -t 5 line <&3
    exec 3>&-
  } 2>/dev/null
  [[ $line == *' 200 '* ]]
}

# A host that dies is noticed at once; this bounds one that hangs, also on a machine with much else to do.
readonly ready_limit=300
wait_until_ready() {
  local deadline=$((SECONDS + ready_limit)) name
  step starting 'web and worker'
  until ready; do
    for name in web worker postgres; do
      host_alive "$name" || startup_failed "$name"
    done
    ((SECONDS < deadline)) || startup_failed web
    sleep 0.1
  done
  step_done
}

startup_failed() { # NAME
  printf '\n' >&2
  step_name=''
  tail -n 15 -- "$state/logs/$1.log" >&2
  if host_alive "$1"; then die "$1 was not ready after $ready_limit s. Its log: $state/logs/$1.log"; fi
  die "$1 did not start. The reason is in the lines above; all of it in $state/logs/$1.log"
}

# `exit` in the handler runs the EXIT trap, which stops what was started so far.
stopping=false
on_exit() {
  local status=$?
  $stopping && return
  stopping=true
  trap '' INT TERM HUP
  if [[ -n $step_name ]]; then printf '\n'; fi
  [[ -z $attended ]] || kill "$attended" 2>/dev/null || true
  if [[ ${#pids[@]} -gt 0 ]]; then
    step stopping 'web, worker, apps and database'
    stop_everything
    step_done
  fi
  rm -f -- "$state/pids/launcher"
  exit "$status"
}

command_up() {
  parse_options '--port --state --listen --domain --trusted' "$@"
  no_arguments
  check_options
  find_layout
  find_programs
  check_disk
  make_users
  make_layout
  lock_state
  recall_settings
  find_addresses
  check_addresses
  stop_leftovers
  ! port_taken || die "Port $option_port is taken by another program. Choose another with --port."
  check_isolation
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  trap on_exit EXIT
  printf '%s\n' "$$" >"$state/pids/launcher"
  remember_settings
  rotate_logs
  install_runtime
  build_hosts
  install_hosts
  make_master_key
  start_database
  migrate
  spawn_web
  spawn_worker
  wait_until_ready
  printf '\nPortal is ready at %s\n' "$public_url"
  welcome
  printf 'Ctrl-C or ./portal down stops it and its apps.\n'
  supervise
}

welcome() {
  local token="$state/admin.token" made="$data/keys/admin.token" link
  # The web's user keeps or replaces it where it may write: a file can be older than the database beside it.
  rm -f -- "$made"
  if [[ -s $token ]]; then
    (umask 077 && cat -- "$token" >"$made")
    if $as_root; then chown "$user_web:$user_web" "$made"; fi
  fi
  link="$(new_link --admin-token "$made")" || link=''
  if [[ -s $made ]] && ! cmp -s -- "$made" "$token"; then
    (umask 077 && cat -- "$made" >"$token.new")
    mv -- "$token.new" "$token"
  fi
  rm -f -- "$made"
  if [[ -n $link ]]; then
    printf 'Sign in within 15 minutes, once: %s\n' "$link"
  else
    printf 'No sign-in link could be made; the reason is at the end of %s\n' "$state/logs/web.log"
  fi
}

# The web program may log to the same stream; the link is the line that is one.
new_link() { # [--admin-token FILE]
  web_command link "$@" 2>>"$state/logs/web.log" | grep -E '^https?://[^ ]+$' | tail -n 1
}

command_link() {
  parse_options '--state' "$@"
  no_arguments
  find_layout
  if [[ ! -d $state/pids ]] || flock -n "$state/lock" true; then
    die "Portal is not running in $state. Start it with ./portal up, or name its state folder with --state."
  fi
  check_sdk
  recall_settings
  find_addresses
  install_runtime
  choose_database_port
  hosts="$data/hosts/current"
  local link
  link="$(new_link)" || die "No link could be made. The reason is at the end of $state/logs/web.log"
  printf '%s\n' "$link"
}
