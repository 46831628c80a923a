# ./portal backup and restore. One archive holds the databases, the repositories and the artifacts
# that are live; the master key, which opens the secrets in the database, goes into a file of its own:
# whoever has only one of the two has no secret. The key's file also tells the archive's digest:
# a restore runs what the archive says, so that a changed archive has to be found before.
# shellcheck shell=bash

readonly backup_format=1
staging='' database_was_down=false

backup_arguments() { # COMMAND ARGUMENT…
  local command="$1"
  shift
  parse_options '--state' "$@"
  [[ ${#arguments[@]} -eq 1 ]] || die "./portal $command needs one file name."
  archive="$(realpath -m -- "${arguments[0]}")"
}

command_backup() {
  local archive
  backup_arguments backup "$@"
  find_layout
  [[ -s $data/db/PG_VERSION ]] || die "There is no Portal in $state to back up. Name its state folder with --state."
  [[ -d ${archive%/*} && -w ${archive%/*} ]] || die "The folder ${archive%/*} is not there or cannot be written."
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  trap end_backup EXIT
  reach_database
  umask 077
  staging="$(mktemp -d -- "${archive%/*}/.portal-backup.XXXXXX")"
  local artifacts
  mapfile -t artifacts < <(live_artifacts)
  check_room "${archive%/*}" "${artifacts[@]}"
  dump_databases
  step archiving "repositories and ${#artifacts[@]} live artifacts"
  pack "$staging/archive" "${artifacts[@]}"
  printf '%s\narchive-sha256=%s\n' "$(<"$data/keys/master.key")" "$(digest "$staging/archive")" >"$staging/key"
  # The key first: an archive without its key would look like a backup and not be one.
  mv -f -- "$staging/key" "$archive.key"
  mv -f -- "$staging/archive" "$archive"
  step_done "$(du -h -- "$archive" | cut -f1)"
  printf '\nSaved %s\nThe master key is in %s. Keep it somewhere else: a restore needs both, and whoever has both can read every secret.\n' \
    "$archive" "$archive.key"
}

end_backup() {
  local status=$?
  trap '' INT TERM HUP
  [[ -z $attended ]] || kill "$attended" 2>/dev/null || true
  if [[ -n $step_name ]]; then printf '\n'; fi
  [[ -z $staging ]] || rm -rf -- "$staging"
  if $database_was_down; then stop_database; fi
  exit "$status"
}

# A running Portal is backed up as it runs; a stopped one gets its database for as long as it takes.
reach_database() {
  if ! flock -n "$state/lock" true; then
    postgres="$(postgres_programs)"
    choose_database_port
    database_answers || die "Portal is running in $state, but its database does not answer. Try again in a minute."
    return 0
  fi
  make_layout
  lock_state
  stop_leftovers
  database_was_down=true
  start_database
}

digest() { # FILE
  local line
  line="$(sha256sum <"$1")"
  printf '%s' "${line%% *}"
}

live_artifacts() {
  local location
  while IFS= read -r location; do
    # Only a plain name below the folder of artifacts is one.
    [[ -n $location && $location != */* && $location != .* && -d $data/artifacts/$location ]] && printf '%s\n' "$location"
  done < <(sql portal <<'SQL'
SELECT DISTINCT a.location FROM artifacts a JOIN releases r ON r.artifact_id = a.id
JOIN environments e ON r.id IN (e.live_release_id, e.desired_release_id) WHERE a.removed_at IS NULL ORDER BY 1;
SQL
  )
  return 0
}

check_room() { # FOLDER ARTIFACT…
  local folder="$1" needed free
  shift
  needed="$(du -scm -- "$data/db" "$data/repositories" "${@/#/$data/artifacts/}" 2>/dev/null | tail -n 1 | cut -f1)"
  free="$(df -Pm -- "$folder" | awk 'NR == 2 { print $4 }')"
  ((free > needed)) || die "There is not enough room in $folder: the backup may need $needed MB, $free MB are free."
}

dump_databases() {
  local name
  mkdir -- "$staging/databases"
  TZ=UTC printf 'format=%d\nmade=%(%Y-%m-%dT%H:%M:%SZ)T\ndatabase_port=%d\n' "$backup_format" -1 "$database_port" >"$staging/manifest"
  step dumping 'databases'
  sql postgres >"$staging/databases/roles" <<'SQL' || die "The database roles could not be saved."
SELECT rolname || ' ' || rolpassword FROM pg_authid
WHERE rolcanlogin AND rolpassword IS NOT NULL AND rolname NOT IN ('postgres', 'portal', 'portal_owner', 'portal_addons') ORDER BY rolname;
SQL
  while IFS= read -r name; do
    attend dump_database "$name" || die "The database $name could not be saved."
  done < <(sql postgres -c "SELECT datname FROM pg_database WHERE datname !~ '^(template.*|postgres)\$' AND datallowconn ORDER BY 1")
  step_done
}

dump_database() { # NAME
  cd /
  as "$user_database" "$postgres/pg_dump" --format=custom --create -h "$run/db" -U postgres -d "$1" >"$staging/databases/$1.dump"
}

pack() { # ARCHIVE ARTIFACT…
  local to="$1" status=0
  shift
  attend tar --create --file "$to" --use-compress-program 'gzip -1' --directory "$staging" manifest databases \
    --directory "$data" repositories "${@/#/artifacts/}" 2>"$staging/tar.log" || status=$?
  # 1: a file changed while it was read; git replaces files whole, so that what was read is sound.
  ((status <= 1)) || die "The archive could not be written: $(tail -n 1 "$staging/tar.log")"
}

command_restore() {
  local archive
  backup_arguments restore "$@"
  find_layout
  [[ -r $archive && -f $archive ]] || die "There is no readable file $archive."
  [[ -r $archive.key ]] || die "The master key $archive.key is missing. Put the file that ./portal backup wrote with it beside it."
  [[ ! -s $data/db/PG_VERSION ]] || die "There is a Portal in $state already. Restore into a new state folder with --state."
  check_archive
  find_programs
  check_disk
  make_users
  make_layout
  lock_state
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  trap end_restore EXIT
  unpack
  install_key
  start_database
  restore_databases
  step placing 'repositories and artifacts'
  place repositories
  place artifacts
  stop_database
  rm -rf -- "$staging"
  staging=''
  step_done
  printf '\nRestored into %s. Start it with: ./portal up --state %q\n' "$state" "$state"
}

# Everything that can be wrong with the files is found before anything is made.
check_archive() {
  local key='' expected='' format port listing
  step checking "$archive"
  { IFS= read -r key && IFS= read -r expected; } <"$archive.key" || true
  [[ "$(base64 -d <<<"$key" 2>/dev/null | wc -c)" == 32 ]] ||
    die "$archive.key is not a master key: its first line must hold 32 bytes in base64."
  # A file with the key alone is taken too: the key stays the same from backup to backup.
  if [[ -n $expected && $expected != "archive-sha256=$(digest "$archive")" ]]; then
    die "$archive is not the file that $archive.key was written with: it was changed or cut, or the two are of different backups."
  fi
  listing="$(tar --list --verbose --gzip --quoting-style=escape --file "$archive" 2>/dev/null)" ||
    die "$archive is not a backup of Portal, or it is damaged."
  check_listing <<<"$listing"
  check_unpacked "$listing"
  format="$(manifest_value format)"
  [[ -n $format ]] || die "$archive is not a backup of Portal."
  [[ $format == "$backup_format" ]] || die "$archive was made by another version of Portal (format $format, this one reads $backup_format)."
  grep -qE ' databases/portal\.dump$' <<<"$listing" || die "$archive holds no database of Portal."
  port="$(manifest_value database_port)"
  if [[ $port =~ ^[0-9]{4,5}$ ]] && port_open "$port"; then
    die "Port $port, where the apps of this backup reach their add-on databases, is taken. Stop what listens there (perhaps the Portal it was made from), then restore again."
  fi
  step_done
}

manifest_value() { # NAME
  tar --extract --to-stdout --gzip --file "$archive" manifest 2>/dev/null | sed -n "s/^$1=//p" | head -n 1
}

# Unpacked it lies there twice for a moment.
check_unpacked() { # LISTING
  local needed free
  needed="$(awk '{ bytes += $3 } END { printf "%d", bytes / 524288 }' <<<"$1")"
  free="$(df -Pm -- "$(existing_folder "$data")" | awk 'NR == 2 { print $4 }')"
  ((free > needed)) || die "There is not enough room for $data: the restore needs $needed MB, $free MB are free."
}

# Plain files and folders in the three places, links in artifacts only (packages of apps have them);
# nothing that leads out of the folder it is unpacked in.
check_listing() {
  local line mode name
  while IFS= read -r line; do
    read -r mode _ _ _ _ name <<<"$line"
    case "$mode" in
      l*) name="${name%% -> *}" ;;
      h*) name="${name%% link to *}" ;;
    esac
    if [[ /$name/ == */../* ]]; then die "$archive is refused: it holds $name, which leads out of its folder."; fi
    case "$mode:$name" in
      -*:manifest | d*:databases/ | -*:databases/* | [-dh]*:repositories/* | [-dhl]*:artifacts/*) ;;
      *) die "$archive is refused: it holds $name, which no backup of Portal has." ;;
    esac
  done
}

# Half a restore is none: what was made so far goes, so that the next try finds a new state folder.
end_restore() {
  local status=$?
  trap '' INT TERM HUP
  [[ -z $attended ]] || kill "$attended" 2>/dev/null || true
  if [[ -n $step_name ]]; then printf '\n'; fi
  stop_database
  if [[ -n $staging ]]; then
    rm -rf -- "$staging" "$data/keys/master.key" "$data/database-port"
    find "$data/db" "$data/repositories" "$data/artifacts" -mindepth 1 -delete
  fi
  exit "$status"
}

unpack() {
  step reading "$archive"
  staging="$data/restore"
  rm -rf -- "$staging"
  (umask 077 && mkdir -- "$staging")
  attend tar --extract --file "$archive" --gzip --no-same-owner --directory "$staging" 2>"$state/logs/restore.log" ||
    die "$archive could not be unpacked: $(head -n 1 "$state/logs/restore.log")"
  # Whose programs these are is decided here, not by the archive.
  chmod -R ug-s,go-w -- "$staging"
  local port
  port="$(manifest_value database_port)"
  if [[ $port =~ ^[0-9]{4,5}$ ]]; then printf '%d\n' "$port" >"$data/database-port"; fi
  step_done
}

install_key() {
  (umask 077 && head -n 1 -- "$archive.key" >"$data/keys/master.key")
  if $as_root; then chown "$user_web:$user_web" "$data/keys/master.key"; fi
}

restore_databases() {
  step restoring 'databases'
  local file
  roles_sql <"$staging/databases/roles" | sql postgres >"$state/logs/restore.log" 2>&1 ||
    die "The database roles could not be restored: $(tail -n 1 "$state/logs/restore.log")"
  for file in "$staging"/databases/*.dump; do
    attend restore_database "$file" 2>>"$state/logs/restore.log" ||
      die "The database in ${file##*/} could not be restored: $(tail -n 1 "$state/logs/restore.log")"
  done
  step_done
}

# Names and password proofs of exactly the form that Portal makes; they go to psql as text.
roles_sql() {
  local name proof
  while read -r name proof; do
    [[ $name =~ ^[a-z0-9_]{1,63}$ && $proof =~ ^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$ ]] || return 1
    printf "CREATE ROLE %s LOGIN CONNECTION LIMIT 40 PASSWORD '%s';\n" "$name" "$proof"
    printf 'GRANT %s TO portal_addons;\n' "$name"
  done
}

restore_database() { # FILE
  cd /
  local how=(--create -d postgres)
  # Portal's own database is there already, empty.
  if [[ ${1##*/} == portal.dump ]]; then how=(-d portal --single-transaction); fi
  as "$user_database" "$postgres/pg_restore" --exit-on-error -h "$run/db" -U postgres "${how[@]}" <"$1"
}

place() { # FOLDER
  [[ -d $staging/$1 ]] || return 0
  cp -a -- "$staging/$1/." "$data/$1/"
  # The numbers of users differ between machines, and an ordinary user's backup may be restored by root.
  if $as_root && [[ $1 == repositories ]]; then chown -R -h "$user_web:$user_web" "$data/repositories"; fi
  if $as_root && [[ $1 == artifacts ]]; then chown -R -h root:root "$data/artifacts"; fi
}
