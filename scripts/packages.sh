# What must be on the machine, and how it gets there.
# shellcheck shell=bash

apt_updated=false
find_missing() { # PACKAGE… -> prints those that are not there
  local package
  for package in "$@"; do
    case "$package" in
      git) [[ -n $(command -v git) && -x $(git --exec-path 2>/dev/null)/git-http-backend ]] ;;
      postgresql) [[ -n $(postgres_programs) ]] ;;
      bubblewrap) [[ -n $(command -v bwrap) ]] ;;
      chromium) [[ -n $(command -v chromium) ]] ;;
      openssh-server) [[ -x /usr/sbin/sshd || -n $(command -v sshd) ]] ;;
      util-linux) [[ -n $(command -v setpriv) && -n $(command -v flock) ]] ;;
      libicu) [[ ${DOTNET_SYSTEM_GLOBALIZATION_INVARIANT:-} =~ ^(1|true)$ || -n $(compgen -G '/usr/lib*/libicuuc.so*') || -n $(compgen -G '/usr/lib/*/libicuuc.so*') ]] ;;
      *) [[ -n $(command -v "$package") ]] ;;
    esac || printf '%s\n' "$package"
  done
}

install_packages() { # PACKAGE…
  local missing
  mapfile -t missing < <(find_missing "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  [[ $EUID -eq 0 ]] || die "Not installed: ${missing[*]}. Install with: sudo apt-get install $(package_names "${missing[@]}")"
  command -v apt-get >/dev/null || die "Not installed: ${missing[*]}. Install them with this system's package tool."
  step installing "${missing[*]}"
  local log
  log="$(mktemp --tmpdir portal-apt.XXXXXX)"
  if ! $apt_updated; then
    attend apt-get update -q >"$log" 2>&1 || true
    apt_updated=true
  fi
  # Debian's own cluster would be a second, unused server: only the programs are wanted.
  if [[ " ${missing[*]} " == *' postgresql '* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
    mkdir -p /etc/postgresql-common
    printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
  fi
  local names
  read -ra names <<<"$(package_names "${missing[@]}")"
  DEBIAN_FRONTEND=noninteractive attend apt-get install -y -q --no-install-recommends "${names[@]}" >>"$log" 2>&1 ||
    die "apt-get could not install ${missing[*]} (see $log). Install by hand: apt-get install ${names[*]}"
  mapfile -t missing < <(find_missing "$@")
  [[ ${#missing[@]} -eq 0 ]] || die "Still missing after apt-get install: ${missing[*]} (see $log)."
  rm -f -- "$log"
  step_done
}

# The folder of PostgreSQL's programs: the data's own version once there is data, else the newest.
postgres_programs() {
  local folder newest='' version=''
  [[ -z $data ]] || version="$(cat -- "$data/db/PG_VERSION" 2>/dev/null || true)"
  for folder in /usr/lib/postgresql/*/bin; do
    [[ -x $folder/initdb && -x $folder/postgres && -x $folder/psql ]] || continue
    if [[ -z $version || $folder == "/usr/lib/postgresql/$version/bin" ]]; then newest="$folder"; fi
  done
  printf '%s' "$newest"
}

demand_sdk() {
  command -v dotnet >/dev/null ||
    die "The .NET 10 SDK is not installed. Get it from https://dotnet.microsoft.com/download/dotnet/10.0, then run ./portal up again."
}

check_sdk() {
  demand_sdk
  local version
  version="$(cd -- "$root" && TERM=dumb dotnet --version 2>/dev/null)" ||
    die "The .NET SDKs here ($(dotnet --list-sdks 2>/dev/null | awk '{ printf "%s%s", s, $1; s = ", " }')) do not fit global.json: the .NET 10 SDK is needed, from https://dotnet.microsoft.com/download/dotnet/10.0."
  sdk_version="$version"
}

find_programs() {
  step finding '.NET, git, PostgreSQL, bubblewrap'
  demand_sdk
  # .NET itself does not start without ICU, so that its version is asked for last.
  local missing needed=(git postgresql bubblewrap util-linux libicu)
  # An app can run without isolation when told so, and not every system has bubblewrap.
  if $option_trusted && [[ $EUID -ne 0 ]]; then needed=(git postgresql util-linux libicu); fi
  mapfile -t missing < <(find_missing "${needed[@]}")
  if [[ ${#missing[@]} -gt 0 ]]; then
    step_done "missing: ${missing[*]}"
    install_packages "${missing[@]}"
    check_sdk
  else
    check_sdk
    step_done ".NET $sdk_version"
  fi
}

# Debian names ICU's package after its version; the others are called as they are here.
package_names() { # PACKAGE…
  local icu=''
  if command -v apt-cache >/dev/null; then icu="$(apt-cache pkgnames libicu 2>/dev/null | grep -E '^libicu[0-9]+$' | sort -V | tail -n 1 || true)"; fi
  printf '%s' "${*/#libicu/${icu:-libicu-dev}}"
}

# Apps are kept apart by bubblewrap; some machines forbid what it needs.
check_isolation() {
  $option_trusted && return 0
  local walls=(bwrap --unshare-all --share-net --die-with-parent --ro-bind / / --proc /proc --dev /dev)
  # As the worker does it: root makes the walls, and the app's user is taken behind them.
  if $as_root; then
    walls=(bwrap --unshare-ipc --unshare-pid --unshare-uts --die-with-parent --cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID
      --cap-add CAP_SETPCAP --ro-bind / / --proc /proc --dev /dev setpriv "--reuid=$user_app" "--regid=$user_app" --clear-groups)
  fi
  (cd / && "${walls[@]}" true) >/dev/null 2>&1 ||
    die "bubblewrap does not work on this machine, so apps cannot be isolated from each other. Where everybody who deploys is trusted, start with --trusted."
}
