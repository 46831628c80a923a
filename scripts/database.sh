# The private PostgreSQL. Portal reaches it by a unix socket in a folder that only its own users can
# enter, and it asks the kernel who is there (peer): no password exists that could leak.
#
#   portal_owner   owns the tables and runs the migrations
#   portal         what the hosts are; owns nothing
#   portal_addons  makes the databases of add-ons; the worker only
#
# Apps reach their add-on on the loopback address, each with its own password and only its own
# database; nobody else is let in there.
# shellcheck shell=bash

postgres=''

database_url() { # ROLE [DATABASE]
  printf 'Host=%s;Port=%d;Database=%s;Username=%s' "$run/db" "$database_port" "${2:-portal}" "$1"
}

# Kept for good once chosen: it is part of every DATABASE_URL that was handed out.
database_port=0
choose_database_port() {
  local first candidate
  database_port="$(cat -- "$data/database-port" 2>/dev/null || true)"
  if [[ ! $database_port =~ ^[0-9]{4,5}$ ]]; then
    # State folders start looking at different places, so that two first starts do not meet.
    first=$((16#${state_id:0:6} % 500))
    for candidate in {0..499}; do
      database_port=$((15400 + (first + candidate) % 500))
      port_open "$database_port" || break
    done
    printf '%d\n' "$database_port" >"$data/database-port"
  elif port_open "$database_port" && [[ -z $(database_pid) ]]; then
    die "Port $database_port, where apps reach their add-on databases, is taken by another program. End that program, then start again."
  fi
  export PGPORT="$database_port"
}

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_database() {
  postgres="$(postgres_programs)"
  [[ -n $postgres ]] ||
    die "The database in $data/db is of PostgreSQL $(cat -- "$data/db/PG_VERSION"), which is not installed. Install with: apt-get install postgresql-$(cat -- "$data/db/PG_VERSION")"
  choose_database_port
  step database "PostgreSQL in $data/db"
  local fresh=false
  if [[ ! -s $data/db/PG_VERSION ]]; then
    fresh=true
    # The folder may hold the pieces of a start that was interrupted.
    find "$data/db" -mindepth 1 -delete
    (cd / && as "$user_database" "$postgres/initdb" -D "$data/db" --no-sync -U postgres --auth=peer \
      --encoding=UTF8 --locale=C.UTF-8) >>"$state/logs/postgres.log" 2>&1 ||
      die "PostgreSQL could not make its data folder: $(tail -n 1 "$state/logs/postgres.log")"
  fi
  write_access_rules
  forget_dead_database
  spawn_database
  local deadline=$((SECONDS + 60))
  until database_answers; do
    host_alive postgres || die "PostgreSQL did not start: $(grep -aE 'FATAL|PANIC|ERROR' "$state/logs/postgres.log" | tail -n 1). The log is $state/logs/postgres.log."
    ((SECONDS < deadline)) || die "PostgreSQL did not answer within 60 s. The log is $state/logs/postgres.log."
    sleep 0.05
  done
  if [[ ! -e $data/db/portal_roles ]]; then
    make_roles
    (cd / && as "$user_database" touch "$data/db/portal_roles")
  fi
  step_done "$($fresh && printf 'made' || printf 'started')"
}

write_access_rules() {
  local account
  {
    if $as_root; then
      printf 'portal %s postgres\nportal %s portal_owner\nportal root postgres\nportal root portal\nportal root portal_addons\nportal %s portal\n' \
        "$user_database" "$user_database" "$user_web"
    else
      account="$(id -un)"
      printf 'portal "%s" postgres\nportal "%s" portal_owner\nportal "%s" portal\nportal "%s" portal_addons\n' "$account" "$account" "$account" "$account"
    fi
  } | as "$user_database" tee "$data/db/pg_ident.conf" >/dev/null
  printf '%s\n' 'local all all peer map=portal' 'host all postgres,portal,portal_owner,portal_addons all reject' \
    'host sameuser all 127.0.0.1/32 scram-sha-256' | as "$user_database" tee "$data/db/pg_hba.conf" >/dev/null
}

spawn_database() {
  spawn postgres "$user_database" no_environment "$postgres/postgres" -D "$data/db" \
    -c listen_addresses=127.0.0.1 -c "port=$database_port" -c "unix_socket_directories=$run/db" -c unix_socket_permissions=0777 \
    -c max_connections=200 -c shared_buffers=128MB
}

database_answers() {
  (cd / && as "$user_database" "$postgres/pg_isready" -q -h "$run/db" -d postgres) >/dev/null 2>&1
}

# SQL comes on standard input; variables are given to psql, which quotes them.
sql() { # DATABASE [PSQL-OPTION…]
  local database="$1"
  shift
  (cd / && as "$user_database" "$postgres/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$run/db" -U postgres -d "$database" "$@")
}

make_roles() {
  sql postgres >>"$state/logs/postgres.log" 2>&1 <<'SQL' || die "The database roles could not be made. The log is $state/logs/postgres.log."
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_owner') THEN CREATE ROLE portal_owner LOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal') THEN CREATE ROLE portal LOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_addons') THEN CREATE ROLE portal_addons LOGIN CREATEDB CREATEROLE; END IF;
END $$;
SELECT 'CREATE DATABASE portal OWNER portal_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'portal') \gexec
REVOKE ALL ON DATABASE portal FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE portal TO portal;
SQL
}

# The hosts' stamp says which migrations this database has seen; without news there is nothing to apply.
migrate() {
  [[ "$(cat -- "$data/migrated" 2>/dev/null || true)" != "$hosts_stamp" ]] || return 0
  step migrations 'applying'
  attend migrate_as_owner >>"$state/logs/migrations.log" 2>&1 || migrations_failed
  printf '%s\n' "$hosts_stamp" >"$data/migrated"
  step_done
}

# Before the first release the schema has one migration, made anew with every change of the model.
migrations_failed() {
  local last
  last="$(tail -n 1 "$state/logs/migrations.log")"
  if [[ $last == *42P07* ]]; then
    die "The data in $state is of an earlier development version, whose schema cannot be carried over. Start anew with ./portal down --delete --state $state, or use another --state."
  fi
  die "The migrations could not be applied: $last The log is $state/logs/migrations.log."
}

migrate_as_owner() {
  cd /
  ConnectionStrings__Owner="$(database_url portal_owner)" HOME="$data/home" \
    as "$user_database" "$dotnet_program" "$hosts/Portal.Migrations/Portal.Migrations.dll"
}
