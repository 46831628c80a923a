# Building the hosts. They are published once per state of the sources into artifacts/hosts of the
# checkout and copied from there into the data folder: the users that run them cannot always read
# the checkout, and a running Portal must not change under its own feet when sources are edited.
# shellcheck shell=bash

hosts=''
hosts_stamp=''

# Names, sizes and times of everything that goes into the hosts.
sources_stamp() {
  (
    cd -- "$root" || exit 1
    {
      find Portal.Core Portal.Web Portal.Worker migrations -type d \( -name bin -o -name obj \) -prune -o -type f -printf '%p %s %T@\n'
      find Directory.Build.props Directory.Packages.props global.json scripts/*.proj -printf '%p %s %T@\n'
      TERM=dumb dotnet --version
    } | LC_ALL=C sort | sha256sum | cut -c1-16
  )
}

build_hosts() {
  hosts_stamp="$(sources_stamp)"
  local built="$root/artifacts/hosts"
  [[ "$(cat -- "$built/.stamp" 2>/dev/null || true)" != "$hosts_stamp" ]] || return 0
  step building 'web, worker and migrations'
  mkdir -p -- "$root/artifacts" 2>/dev/null || true
  [[ -w $root/artifacts ]] ||
    die "The checkout $root cannot be written by $(id -un), and the hosts are not built yet. Clone it as this user."
  local log="$root/artifacts/build.log"
  exec 8>>"$root/artifacts/.lock"
  flock 8
  if [[ "$(cat -- "$built/.stamp" 2>/dev/null || true)" != "$hosts_stamp" ]]; then
    rm -rf -- "$built"
    if ! attend dotnet build "$root/scripts/hosts.proj" -nologo -v quiet -clp:NoSummary -p:PortalHosts="$built/" >"$log" 2>&1; then
      printf '\n'
      grep -E 'error|warning' "$log" | sort -u | head -n 10 >&2 || tail -n 10 "$log" >&2
      die "The hosts do not build (all of it in $log). Fix what it names, then run it again."
    fi
    printf '%s\n' "$hosts_stamp" >"$built/.stamp"
  fi
  exec 8>&-
  step_done
}

# Copies the built hosts to where their users can read them, each build into a folder of its own:
# the supervisors of running apps may still be of an earlier one.
install_hosts() {
  hosts="$data/hosts/$hosts_stamp"
  if [[ ! -e $hosts/.stamp ]]; then
    mkdir -p -- "$data/hosts"
    rm -rf -- "$hosts" "$data/hosts/new"
    cp -R -- "$root/artifacts/hosts" "$data/hosts/new"
    chmod -R u+rwX,go+rX,go-w -- "$data/hosts/new"
    mv -- "$data/hosts/new" "$hosts"
    forget_old_hosts
  fi
  ln -sfn -- "$hosts_stamp" "$data/hosts/current"
}

forget_old_hosts() {
  local folder used
  used="$(marked_processes | while IFS= read -r pid; do tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" || true; done)"
  for folder in "$data"/hosts/*/; do
    folder="${folder%/}"
    [[ $folder == "$hosts" || -L $folder || $used == *"$folder/"* ]] || rm -rf -- "$folder"
  done
}

# The runtime itself may be out of reach as well: dotnet-install.sh puts it into root's home.
dotnet_program=''
install_runtime() {
  dotnet_program="$(readlink -f -- "$(command -v dotnet)")"
  $as_root || return 0
  (cd / && as "$user_web" test -x "$dotnet_program") 2>/dev/null && return 0
  local source="${dotnet_program%/*}" copy="/var/lib/portal/dotnet"
  if [[ "$(cat -- "$copy/.version" 2>/dev/null || true)" != "$source $sdk_version" ]]; then
    step installing ".NET into $copy, because its users cannot enter ${source%/*}"
    rm -rf -- "$copy" "$copy.new"
    cp -RL -- "$source" "$copy.new"
    chmod -R go+rX -- "$copy.new"
    printf '%s %s\n' "$source" "$sdk_version" >"$copy.new/.version"
    mv -- "$copy.new" "$copy"
    step_done
  fi
  dotnet_program="$copy/dotnet"
}

command_build() {
  parse_options '' "$@"
  no_arguments
  step finding '.NET'
  check_sdk
  step_done ".NET $sdk_version"
  build_hosts
  printf 'Built.\n'
}
