#!/bin/bash
# Run by the PostgreSQL image when it makes its data: the two roles of Portal.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -q -U postgres -d postgres <<'SQL'
\set owner_password `cat /run/portal-database/portal_owner`
\set portal_password `cat /run/portal-database/portal`
CREATE ROLE portal_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE portal LOGIN PASSWORD :'portal_password';
ALTER DATABASE portal OWNER TO portal_owner;
REVOKE ALL ON DATABASE portal FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE portal TO portal;
SQL
