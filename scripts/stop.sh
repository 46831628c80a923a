# Stopping: web first (nothing new comes in), then the worker, then the apps, then the database.
# Everything that Portal starts carries PORTAL_STATE in its environment, or is a sandbox that mounts
# its data, which is how a stop proves that nothing is left, also after the launcher or a host was killed.
# shellcheck shell=bash

readonly grace_web=15 grace_worker=15 grace_apps=15 grace_database=30

marked_processes() { # [PART] -> pids of this state folder's processes
  local file pid
  # -z: the file is a list of NUL-ended strings; -x: the whole of one.
  while IFS= read -r file; do
    pid="${file#/proc/}" pid="${pid%/environ}"
    [[ $pid != "$$" && $pid != "$BASHPID" ]] || continue
    is_zombie "$pid" && continue
    if [[ $# -gt 0 ]] && ! grep -qszxF "PORTAL_PART=$1" "$file"; then continue; fi
    printf '%s\n' "$pid"
  done < <(grep -lszxF "PORTAL_STATE=$state" /proc/[0-9]*/environ 2>/dev/null || true)
  [[ $# -gt 0 ]] || sandboxes
}

# A sandbox starts with an empty environment. It ends with its parent, but not when that was killed
# while the sandbox was being made; what it mounts tells whose it is.
sandboxes() {
  local file pid
  while IFS= read -r file; do
    pid="${file#/proc/}" pid="${pid%/cmdline}"
    is_zombie "$pid" || printf '%s\n' "$pid"
  done < <(grep -lszxF /usr/bin/bwrap /proc/[0-9]*/cmdline 2>/dev/null | xargs -r grep -lszF "$data/" 2>/dev/null || true)
}

is_zombie() { # PID
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  [[ ${stat##*) } == [ZX]* ]]
}

# A process and all that came from it, deepest last; apps may have left the marker behind.
with_descendants() { # PID…
  local -A children=()
  local pid parent queue=("$@") seen=' ' next
  while read -r pid parent; do
    children[$parent]+="$pid "
  done < <(ps -eo pid=,ppid= 2>/dev/null || list_parents)
  while [[ ${#queue[@]} -gt 0 ]]; do
    next="${queue[0]}"
    queue=("${queue[@]:1}")
    [[ $seen == *" $next "* ]] && continue
    seen+="$next "
    printf '%s\n' "$next"
    # shellcheck disable=SC2206 # numbers only
    queue+=(${children[$next]:-})
  done
}

# Where procps is missing.
list_parents() {
  local file
  for file in /proc/[0-9]*/status; do
    awk '/^Pid:/ { pid = $2 } /^PPid:/ { print pid, $2; exit }' "$file" 2>/dev/null || true
  done
}

# TERM (or SIGNAL), wait, KILL.
stop_processes() { # SIGNAL SECONDS PID…
  local signal="$1" deadline=$((SECONDS + $2)) pid alive
  shift 2
  [[ $# -gt 0 ]] || return 0
  kill "-$signal" "$@" 2>/dev/null || true
  while true; do
    alive=()
    for pid in "$@"; do
      is_zombie "$pid" || alive+=("$pid")
    done
    [[ ${#alive[@]} -gt 0 ]] || return 0
    if ((SECONDS >= deadline)); then
      kill -KILL "${alive[@]}" 2>/dev/null || true
      return 0
    fi
    sleep 0.05
  done
}

# A pid file's process, if it is still the one: numbers are used again.
pid_of() { # NAME
  local pid
  pid="$(cat -- "$state/pids/$1" 2>/dev/null || true)"
  [[ $pid =~ ^[0-9]+$ ]] || return 0
  # In a container root may be kept from reading another user's environment; the command line is open to all.
  if grep -qszxF "PORTAL_STATE=$state" "/proc/$pid/environ" || grep -qszF "$data/hosts/" "/proc/$pid/cmdline"; then printf '%s' "$pid"; fi
  return 0
}

database_pid() {
  local pid command
  pid="$(head -n 1 -- "$data/db/postmaster.pid" 2>/dev/null || true)"
  [[ $pid =~ ^[0-9]+$ ]] || return 0
  # PostgreSQL writes its titles over its environment, so the marker cannot be asked for.
  { IFS= read -r -d '' command <"/proc/$pid/cmdline"; } 2>/dev/null || return 0
  [[ $command == *postgres* && $(readlink "/proc/$pid/cwd") == "$data/db" ]] && printf '%s' "$pid"
  return 0
}

# PostgreSQL refuses to start when its pid file names a living process of its user, which after a
# restart of the machine may be any. The file goes when nothing works in the data folder any more;
# what a killed server left ends within moments.
forget_dead_database() {
  local deadline=$((SECONDS + 5))
  [[ -e $data/db/postmaster.pid && -z $(database_pid) ]] || return 0
  while grep -qxF -- "$data/db" < <(find /proc/[0-9]* -maxdepth 1 -name cwd -printf '%l\n' 2>/dev/null); do
    ((SECONDS < deadline)) || return 0
    sleep 0.1
  done
  rm -f -- "$data/db/postmaster.pid" "$run"/db/.s.PGSQL.*
}

stop_hosts() {
  local pid
  pid="$(pid_of web)"
  [[ -z $pid ]] || stop_processes TERM "$grace_web" "$pid"
  pid="$(pid_of worker)"
  [[ -z $pid ]] || stop_processes TERM "$grace_worker" "$pid"
}

# The supervisors of instances end their app when asked to; then whatever else is marked or came
# from something marked.
stop_apps() {
  local all supervisors
  mapfile -t supervisors < <(marked_processes instance)
  mapfile -t all < <(with_descendants "${supervisors[@]}")
  stop_processes TERM "$grace_apps" "${supervisors[@]}"
  stop_processes TERM 3 "${all[@]}"
  mapfile -t all < <(marked_processes)
  # The database is not among them: its turn is last.
  mapfile -t all < <(without "$(database_pid)" "${all[@]}")
  mapfile -t all < <(with_descendants "${all[@]}")
  stop_processes TERM 3 "${all[@]}"
}

without() { # PID PID…
  local not="$1" pid
  shift
  for pid in "$@"; do
    [[ $pid == "$not" ]] || printf '%s\n' "$pid"
  done
}

stop_database() {
  local pid
  pid="$(database_pid)"
  # INT is PostgreSQL's fast shutdown: it ends connections but completes a checkpoint.
  [[ -z $pid ]] || stop_processes INT "$grace_database" "$pid"
}

stop_everything() {
  stop_hosts
  stop_apps
  stop_database
  rm -f -- "$state"/pids/{web,worker,postgres,launcher}
}

# After a launcher that was killed: its hosts go, the apps stay for the next worker to take over.
stop_leftovers() {
  local pid
  pid="$(pid_of web)$(pid_of worker)$(database_pid)"
  [[ -n $pid ]] || return 0
  step cleaning 'stopping what an earlier start left running'
  stop_hosts
  stop_database
  rm -f -- "$state"/pids/{web,worker,postgres}
  step_done
}

command_down() {
  parse_options '--state --delete' "$@"
  no_arguments
  find_layout
  [[ -d $state/pids ]] || die "There is no Portal in $state. Name its state folder with --state."
  local launcher left
  step stopping 'web, worker, apps and database'
  launcher="$(cat -- "$state/pids/launcher" 2>/dev/null || true)"
  if [[ $launcher =~ ^[0-9]+$ ]] && ! flock -n "$state/lock" true; then
    kill -TERM "$launcher" 2>/dev/null || true
    # It stops everything itself and lets go of the lock; only then is there something to check.
    flock -w $((grace_web + grace_worker + grace_apps + grace_database)) "$state/lock" true || kill -KILL "$launcher" 2>/dev/null || true
  fi
  exec 9>>"$state/lock"
  flock -w 5 9 || die "The state folder $state is still in use$(launcher_named)."
  stop_everything
  mapfile -t left < <(marked_processes; database_pid)
  [[ ${#left[@]} -eq 0 ]] || die "These processes did not end: ${left[*]}. End them with kill -9, then run ./portal down again."
  step_done 'no process is left'
  if $option_delete; then delete_state; fi
}

delete_state() {
  step deleting "$state"
  if $as_root; then rm -rf -- "$data" "$run"; fi
  [[ ! -O $run || -L $run ]] || rm -rf -- "$run"
  rm -rf -- "$state"
  step_done
}
