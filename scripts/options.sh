# Command line options. Port, address and domain are remembered in the state folder, so that a
# second start continues where the first one was.
# shellcheck shell=bash

option_port='' option_state='' option_listen='' option_domain='' option_trusted=false option_delete=false
arguments=()

parse_options() { # ALLOWED-NAMES ARGUMENT…
  local allowed=" $1 " name value
  shift
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --*=*) name="${1%%=*}" value="${1#*=}"; shift; set -- "$name" "$value" "$@"; continue ;;
      --port | --state | --listen | --domain)
        [[ $allowed == *" $1 "* ]] || die "This command takes no $1. See ./portal help."
        [[ $# -ge 2 && -n $2 ]] || die "$1 needs a value. See ./portal help."
        printf -v "option_${1#--}" '%s' "$2"
        shift 2
        ;;
      --trusted | --delete)
        [[ $allowed == *" $1 "* ]] || die "This command takes no $1. See ./portal help."
        printf -v "option_${1#--}" '%s' true
        shift
        ;;
      -*) die "Unknown option $1. See ./portal help." ;;
      *) arguments+=("$1"); shift ;;
    esac
  done
}

no_arguments() {
  [[ ${#arguments[@]} -eq 0 ]] || die "Unexpected '${arguments[0]}'. See ./portal help."
}

check_options() {
  if [[ -n $option_port ]]; then
    if [[ ! $option_port =~ ^[0-9]{1,5}$ ]] || ((10#$option_port < 1 || 10#$option_port > 65535)); then
      die "--port must be a number from 1 to 65535, not '$option_port'."
    fi
    option_port=$((10#$option_port))
  fi
  [[ -z $option_listen || $option_listen =~ ^([0-9.]{7,15}|\[?[0-9a-fA-F:.]{2,45}\]?)$ ]] ||
    die "--listen must be an IP address such as 0.0.0.0 or ::1, not '$option_listen'."
  [[ -z $option_domain || $option_domain =~ ^[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?(:[0-9]{1,5})?$ ]] ||
    die "--domain must be a host name such as apps.example.org, not '$option_domain'."
  [[ ! $option_domain =~ ^[0-9.]+(:[0-9]+)?$ ]] ||
    die "--domain must be a host name, not the address '$option_domain': each app answers at a name below it."
}

# One `name=value` a line; read, never sourced: the folder may have been copied from anywhere.
remembered() { # NAME
  local line
  [[ -r $state/settings ]] || return 0
  while IFS= read -r line; do
    [[ $line == "$1="* ]] && printf '%s' "${line#*=}"
  done <"$state/settings"
  return 0
}

recall_settings() {
  [[ -n $option_port ]] || option_port="$(remembered port)"
  [[ -n $option_listen ]] || option_listen="$(remembered listen)"
  [[ -n $option_domain ]] || option_domain="$(remembered domain)"
  [[ -n $option_port ]] || option_port=8080
  check_options
}

remember_settings() {
  printf 'port=%s\nlisten=%s\ndomain=%s\n' "$option_port" "$option_listen" "$option_domain" >"$state/settings.new"
  mv -- "$state/settings.new" "$state/settings"
}
