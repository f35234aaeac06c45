# shellcheck shell=bash disable=SC2034
# The Debian 12 packages that Mulligan needs, and their installation. Sourced by host/run, tests/run, tests/bench/run and
# tests/fresh/run.

build_packages=(
  gcc libc6-dev cmake ninja-build pkg-config
  liblua5.4-dev libcivetweb-dev libsqlite3-dev libjansson-dev libsodium-dev libreadline-dev
  libyaml-dev libcmark-dev libcurl4-openssl-dev ca-certificates
)
test_packages=(
  libcmocka-dev
  lua5.4 lua-busted lua-socket lua-check
  clang libclang-rt-14-dev clang-format
  shellcheck sqlite3 curl openssl
  python3-nbformat python3-nbconvert python3-aiosmtpd
)
bench_packages=(
  wrk lua5.4 lua-socket lua-dkjson sqlite3
  nginx libnginx-mod-http-lua lua-cjson lua-sql-sqlite3
  gunicorn python3-flask python3-django python3-djangorestframework python3-jwt python3-argon2
)
browser_packages=(chromium)
fresh_packages=(debootstrap git)
# Node is often there, from elsewhere than Debian.
command -v node >/dev/null || browser_packages+=(nodejs)
command -v npm >/dev/null || browser_packages+=(npm)

# install_missing PROGRAM PACKAGE...
# Installs those of the packages that dpkg does not know as installed; says nothing when there are none. Ends the
# program with a message where that is not possible. PROGRAM is the name in the messages.
install_missing() {
  local program=$1 installed package log
  local missing=() sudo=()
  shift
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    local system=this
    [ ! -r /etc/os-release ] || system=$(. /etc/os-release && printf '%s' "${PRETTY_NAME:-this}")
    cat >&2 <<END
$program: the set-up is written for Debian 12; on this system ($system) there is no apt-get.
Install what corresponds to these packages: $*
Then build and serve by hand:
  cmake --preset release && cmake --build --preset release && build/mulligan serve --demo
END
    exit 1
  fi
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qx "$package installed" <<<"$installed" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "$program: these packages are missing, and only root (or a user with sudo) can install them: ${missing[*]}" >&2
      exit 1
    fi
    sudo=(sudo)
  fi
  echo "$program: installing ${missing[*]}" >&2
  log=$(mktemp)
  if ! { "${sudo[@]}" apt-get -q update &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"; } \
    >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    echo "$program: apt-get could not install ${missing[*]} (its output stands above)" >&2
    exit 1
  fi
  rm -f "$log"
}
