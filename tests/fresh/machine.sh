#!/usr/bin/env bash
# The bare machine: a Debian 12 of the smallest kind, a user who may use sudo, and that user's clone of the project.
# Becomes its first process and lets the user do what the README tells (newcomer.sh).
#
#   machine.sh PROJECT ROOT [LABEL]
#
# Started by tests/fresh/run as root, in fresh mount, process, host name and IPC namespaces. What it takes from the
# machine that it runs on is only how to get at packages: apt's Debian sources and Acquire settings, host names,
# certificates, npm's configuration and proxies.
set -euo pipefail
project=$1 root=$2 label=${3:-}
release=bookworm
home=/srv/newcomer

# The first process of a process namespace takes only those signals that it handles.
trap 'exit 130' INT
trap 'exit 143' TERM

say() {
  printf 'fresh: %s\n' "$*"
}

# quietly COMMAND...: shows the command's output only if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" != 0 ]; then
    cat "$log" >&2
    echo "fresh: $1 failed with status $status (its output stands above)" >&2
  fi
  rm -f "$log"
  return "$status"
}

# This machine's sources of Debian 12, as lines of sources.list.
debian_sources() {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(ORIGIN) $(RELEASE) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sed -n "s/^Debian $release\S* //p" | sort -u
}

# hand_in FILE...: copies files of this machine to the same places.
hand_in() {
  local file
  for file in "$@"; do
    [ -e "$file" ] || continue
    mkdir -p "$root$(dirname "$file")"
    cp -RL "$file" "$root$(dirname "$file")/"
  done
}

make_debian() {
  local sources mirror
  sources=$(debian_sources)
  if [ -z "$sources" ]; then
    quietly apt-get update
    sources=$(debian_sources)
  fi
  mirror=$(sed -n "s/^deb \(\S*\) $release main$/\1/p" <<<"$sources" | head -n 1)
  if [ -z "$mirror" ]; then
    echo "fresh: apt's sources on this machine have no Debian 12 ($release main) to take packages from" >&2
    exit 1
  fi
  say "a bare Debian 12 by debootstrap"
  quietly debootstrap --variant=minbase "$release" "$root" "$mirror"
  printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
  apt-config dump Acquire >"$root/etc/apt/apt.conf.d/50-acquire"
}

mount_file_systems() {
  local node
  mount --bind "$root" "$root" # pivot_root wants a mount
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t tmpfs -o mode=755 dev "$root/dev"
  for node in null zero full random urandom tty; do
    : >"$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,mode=620,ptmxmode=666,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s fd/0 "$root/dev/stdin"
  ln -s fd/1 "$root/dev/stdout"
  ln -s fd/2 "$root/dev/stderr"
}

# The variables that say how to get at packages, as NAME=VALUE, each ended by a NUL.
network_variables() {
  env -0 | grep -zE '^((https?|ftp|all|no)_proxy|(HTTPS?|FTP|ALL|NO)_PROXY|NODE_EXTRA_CA_CERTS|(npm_config|NPM_CONFIG)_[a-z_]+)=' ||
    true
}

# npm's configuration: the machine's, the user's, and the certificates that they or a variable name.
hand_in_npm() {
  local user=${NPM_CONFIG_USERCONFIG:-${HOME:-/}/.npmrc} all=/etc/npmrc certificates=${NODE_EXTRA_CA_CERTS:-}
  if command -v npm >/dev/null; then
    all=$(npm config get globalconfig 2>/dev/null)
    certificates="$certificates $(npm config get cafile 2>/dev/null)"
  fi
  [ ! -e "$all" ] || install -m 644 "$all" "$root/etc/npmrc"
  [ ! -e "$user" ] || install -m 600 "$user" "$root$home/.npmrc"
  # shellcheck disable=SC2086
  hand_in $certificates
}

make_user() {
  say "a user with sudo, and a clone of what is committed: $(git -C "$project" log -1 --format='%h %s')"
  echo fresh >"$root/etc/hostname"
  hostname fresh
  hand_in /etc/hosts /etc/resolv.conf /usr/local/share/ca-certificates
  printf '127.0.0.1 localhost\n127.0.1.1 fresh\n' >>"$root/etc/hosts"
  quietly chroot "$root" apt-get -q update
  quietly chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install sudo
  chroot "$root" useradd --create-home --home-dir "$home" --shell /bin/bash newcomer
  cat >"$root/etc/sudoers.d/newcomer" <<'END'
newcomer ALL=(ALL) NOPASSWD: ALL
Defaults env_keep += "http_proxy https_proxy ftp_proxy all_proxy no_proxy"
Defaults env_keep += "HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY"
END
  hand_in_npm
  quietly git clone "file://$project" "$root$home/mulligan"
  install -m 755 "$project/tests/fresh/newcomer.sh" "$root/usr/local/bin/newcomer"
  chroot "$root" chown -R newcomer: "$home"
}

make_debian
mount_file_systems
make_user
mapfile -d '' -t variables < <(network_variables)
variables+=("npm_config_globalconfig=/etc/npmrc")

# From here on nothing but the bare machine can be seen. (In a chroot, unlike after a pivot_root, Chromium could not
# make its sandbox.)
cd "$root"
mkdir old
pivot_root . old
hash -r
umount --lazy old
rmdir old

cd "$home/mulligan"
status=0
setpriv --reuid newcomer --regid newcomer --init-groups env -i "${variables[@]}" HOME="$home" USER=newcomer \
  LOGNAME=newcomer TERM="${TERM:-dumb}" PATH=/usr/local/bin:/usr/bin:/bin newcomer "$label" || status=$?
exit "$status"
