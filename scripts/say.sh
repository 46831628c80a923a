# What the launcher says: named steps with their times, and one-line reasons when it stops.
# shellcheck shell=bash

step_name=''
step_began=''

# Names a step before doing it, so that a slow one is never a silent one.
step() { # NAME WHAT
  step_name="$1"
  step_began="$EPOCHREALTIME"
  printf '  %-11s %s … ' "$1" "$2"
}

step_done() { # [RESULT]
  local tenths=$(((${EPOCHREALTIME/./} - ${step_began/./}) / 100000))
  printf '%s%d.%d s\n' "${1:+$1, }" $((tenths / 10)) $((tenths % 10))
  step_name=''
}

# The reason and the next step on one line; the evidence, when there is some, was printed before.
die() { # REASON
  [[ -z $step_name ]] || printf '\n'
  step_name=''
  printf 'portal: %s\n' "$*" >&2
  exit 1
}

note() { printf '              %s\n' "$*"; }

# Runs a long command as a child that a signal can interrupt: bash holds traps back while a
# foreground command runs, and `./portal down` must not wait for a build to finish.
attended=''
attend() { # COMMAND…
  local status=0
  "$@" 9>&- &
  attended=$!
  wait "$attended" || status=$?
  attended=''
  return "$status"
}
