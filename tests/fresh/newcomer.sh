#!/usr/bin/env bash
# What a newcomer does who has read the README's beginning: host/run, a first request, a stop, and tests/run.
#
#   newcomer.sh [LABEL]
#
# Runs on the bare machine (machine.sh), as the user, in the folder of the clone.
set -euo pipefail
label=${1:-}
folder=$(mktemp -d)

say() {
  printf 'fresh: %s\n' "$*"
}

fail() {
  echo "fresh: $*" >&2
  exit 1
}

# start COMMAND...: starts it and waits until it listens; false if it ends instead.
start() {
  say "$*"
  SECONDS=0
  "$@" >"$folder/stdout" &
  server=$!
  until grep -q '^mulligan: listening on http' "$folder/stdout"; do
    kill -0 "$server" 2>/dev/null || return 1
    [ "$SECONDS" -lt 3600 ] || fail "$* does not listen after an hour"
    sleep 0.2
  done
}

port_is_taken() {
  (: </dev/tcp/127.0.0.1/8080) 2>/dev/null
}

# The command as the README has it. The network is the whole machine's, so its port may be somebody else's.
if ! port_is_taken && start host/run; then
  :
elif port_is_taken; then
  rm -rf data # as if it had never started
  start host/run --port 0 || fail "host/run ended before it listened"
else
  fail "host/run ended before it listened"
fi
url=$(sed -n 's/^mulligan: listening on //p' "$folder/stdout")
say "it serves on $url after $SECONDS s; a login, and the list of seminars"

# curl is the newcomer's own; it comes only now, so that it brings nothing along that host/run forgot.
installed=$(sudo apt-get -q -y --no-install-recommends install curl 2>&1 </dev/null) ||
  fail "apt-get could not install curl: $installed"
login=$(curl -sS --noproxy '*' "$url/api/v1/login/" -d 'email=alice@example.com&password=second-try')
token=$(sed -n 's/.*"token":"\([^"]*\)".*/\1/p' <<<"$login")
[ -n "$token" ] || fail "the login gave no token, but: $login"
list=$(curl -sS --noproxy '*' "$url/api/v1/seminar/" -H "Authorization: JWT $token")
seminars=$(grep -o '"participant_count":' <<<"$list" | wc -l || true)
[ "$seminars" -gt 0 ] || fail "the list of seminars is empty or none: $list"
[ -x build/mulligan ] || fail "there is no build/mulligan, which the README uses next"
build/mulligan errors list >/dev/null || fail "build/mulligan errors list does not work"

status=0
kill -TERM "$server"
wait "$server" || status=$?
[ "$status" = 0 ] || fail "after TERM, host/run ended with status $status"
say "$seminars seminars; stopped by TERM"

say "tests/run${label:+ $label}"
SECONDS=0
# shellcheck disable=SC2086
tests/run $label || fail "tests/run${label:+ $label} failed with status $?"
say "both commands of the README work on a bare Debian 12; tests/run took $SECONDS s"
