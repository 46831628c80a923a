#!/bin/bash
# Run by the PostgreSQL image when it makes its data, and by hand after a restore: the roles of
# Portal, as scripts/database.sh makes them on a machine, but with passwords, because they come over
# the network.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -q -U postgres -d postgres <<'SQL'
\set owner_password `cat /run/portal-database/portal_owner`
\set portal_password `cat /run/portal-database/portal`
\set addons_password `cat /run/portal-database/portal_addons`
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['portal_owner', 'portal', 'portal_addons']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE portal_owner LOGIN PASSWORD :'owner_password';
ALTER ROLE portal LOGIN PASSWORD :'portal_password';
ALTER ROLE portal_addons LOGIN CREATEDB CREATEROLE PASSWORD :'addons_password';
ALTER DATABASE portal OWNER TO portal_owner;
REVOKE ALL ON DATABASE portal, postgres, template1 FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE portal TO portal;
GRANT CONNECT ON DATABASE postgres TO portal_addons;
SQL
