# ./portal test: everything that must hold before a change lands, in at most 12 minutes on 2 cores.
# `all` adds what takes long: random kills, load, huge logs (tests with the trait Duration=Long).
# shellcheck shell=bash

# Project and its limit in seconds.
readonly test_projects=(
  Portal.Repository.Tests:60
  Portal.Core.Tests:120
  Portal.Postgres.Tests:240
  Portal.Web.Tests:360
  Portal.Worker.Tests:600
  Portal.Browser.Tests:400
)
readonly long_limit=2700

passed=0 failed=0 skipped=0

command_test() {
  parse_options '' "$@"
  local which="${arguments[0]:-fast}"
  [[ ${#arguments[@]} -le 1 && $which =~ ^(fast|all)$ ]] || die "./portal test takes 'fast' or 'all', not '${arguments[*]}'."
  local results="$root/artifacts/tests"
  rm -rf -- "$results"
  mkdir -p -- "$results"
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap '[[ -z $attended ]] || kill "$attended" 2>/dev/null || true' EXIT
  find_programs
  install_packages git git-lfs openssh-server postgresql bubblewrap chromium util-linux shellcheck
  checked restoring 'packages as the lock files say' dotnet restore "$root/Portal.sln" --locked-mode -v quiet
  checked checking 'the launcher (shellcheck)' check_scripts
  # The rest of what dotnet format knows is a warning of the build, and so an error.
  checked checking 'the format (dotnet format)' dotnet format whitespace "$root" --folder --exclude "$root/artifacts" --verify-no-changes -v quiet
  checked building 'everything, warnings are errors' dotnet build "$root/Portal.sln" --no-restore -warnaserror -nologo -v quiet -clp:NoSummary
  checked building 'the hosts' "$root/portal" build
  local project
  for project in "${test_projects[@]}"; do
    run_tests "${project%:*}" "${project#*:}" "$which"
  done
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((failed == 0 && passed > 0))
}

# One step whose output is shown only when it fails; the tests then have nothing to say.
checked() { # NAME WHAT COMMAND…
  local name="$1" what="$2" log="$results/$1.log"
  shift 2
  step "$name" "$what"
  if ! attend "$@" >"$log" 2>&1; then
    printf '\n'
    step_name=''
    awk '!seen[$0]++' "$log" | head -n 40
    printf 'portal: %s failed; all of it is in %s\n' "$name" "$log" >&2
    printf '0 passed, 1 failed, 0 skipped\n'
    exit 1
  fi
  step_done
}

check_scripts() {
  # 2154 and 2034: the parts share their variables, which shellcheck cannot follow.
  shellcheck -s bash -e SC2154,SC2034 "$root/portal" "$root"/scripts/*.sh "$root/.ci/run"
}

run_tests() { # PROJECT LIMIT WHICH
  local project="$1" limit="$2" filter=(-trait- Duration=Long) status=0
  local program="$root/tests/$project/bin/Debug/net10.0/$project" xml="$results/$project.xml" log="$results/$project.log"
  if [[ $3 == all ]]; then filter=() limit=$long_limit; fi
  step testing "$project"
  attend timeout --kill-after=10 "$limit" "$program" -noColor -noLogo "${filter[@]}" -result-xml "$xml" </dev/null >"$log" 2>&1 || status=$?
  local result
  result="$(count_results "$xml")"
  if [[ -z $result ]]; then
    # It never came to an end: that counts as one failure whatever had passed until then.
    failed=$((failed + 1))
    result='no result'
    if ((status == 124 || status == 137)); then result="no end after $limit s"; fi
    step_done "$result"
    tail -n 40 -- "$log"
    return 0
  fi
  local of_passed of_failed of_skipped
  read -r of_passed of_failed of_skipped <<<"$result"
  # A non-zero end with nothing failed is a crash after the last test.
  if ((status != 0 && of_failed == 0 && of_passed + of_skipped > 0)); then of_failed=1; fi
  passed=$((passed + of_passed)) failed=$((failed + of_failed)) skipped=$((skipped + of_skipped))
  step_done "$of_passed passed, $of_failed failed, $of_skipped skipped"
  if ((of_failed > 0)); then
    grep -vE '^ *(Discover|Starting|Finished)' -- "$log" | head -n 120
    printf '              all of it: %s\n' "$log"
  fi
}

# "passed failed skipped" of xunit's own result file; nothing when it is not complete.
count_results() { # FILE
  [[ -s $1 ]] && grep -q '</assemblies>' "$1" || return 0
  local line
  line="$(grep -m 1 -oE '<assembly [^>]*>' "$1")" || return 0
  printf '%d %d %d' "$(attribute passed "$line")" "$(($(attribute failed "$line") + $(attribute errors "$line")))" "$(attribute skipped "$line")"
}

attribute() { # NAME ELEMENT
  [[ $2 =~ \ $1=\"([0-9]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}" || printf 0
}

command_bench() {
  parse_options '' "$@"
  check_sdk
  build_hosts
  step building 'the benchmarks'
  attend dotnet build "$root/tests/Portal.Benchmarks" -c Release -nologo -v quiet -clp:NoSummary >"${TMPDIR:-/tmp}/portal-bench-build.log" 2>&1 ||
    die "The benchmarks do not build. See ${TMPDIR:-/tmp}/portal-bench-build.log"
  step_done
  cd -- "$root" || exit 1
  "$root/tests/Portal.Benchmarks/bin/Release/net10.0/Portal.Benchmarks" "${arguments[@]}"
}
