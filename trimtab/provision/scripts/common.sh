# What the scripts of every distribution share: files, limits, and what is said.
#
# Sourced by nobody: it is put before a distribution's own script, after its settings. The whole stands in
# functions and is begun by the last line, so that a transfer that broke off does nothing. Tokens are never
# an argument of a program (printf is the shell's own) nor in the environment.

say() { printf 'trimtab: %s\n' "$*"; }

fail() {
  printf 'trimtab: error: %s\n' "$*" >&2
  exit 1
}

# put MODE PATH CONTENT: the file whole or not at all, never readable by others on the way.
put() {
  put_folder=${2%/*}
  [ -d "$put_folder" ] || (umask 022 && mkdir -p "$put_folder")
  rm -f "$2".trimtab-*
  if [ -f "$2" ] && [ ! -L "$2" ] && [ "$(stat -c '%a %u %g' "$2")" = "${1#0} 0 0" ] &&
    printf '%s' "$3" | cmp -s - "$2"; then
    return 0
  fi
  put_temp=$(mktemp "$2.trimtab-XXXXXX")
  printf '%s' "$3" >"$put_temp"
  chown 0:0 "$put_temp"
  chmod "$1" "$put_temp"
  on_disk "$put_temp"
  mv -f "$put_temp" "$2"
  say "wrote $2"
}

# on_disk FILE: its content before its name, so that a power cut leaves no empty file under it.
on_disk() { sync "$1" 2>/dev/null || sync; }

# copy MODE FROM TO: the same for a file that is on the machine already.
copy() {
  copy_folder=${3%/*}
  [ -d "$copy_folder" ] || (umask 022 && mkdir -p "$copy_folder")
  rm -f "$3".trimtab-*
  if [ -f "$3" ] && cmp -s "$2" "$3"; then
    return 0
  fi
  copy_temp=$(mktemp "$3.trimtab-XXXXXX")
  cat "$2" >"$copy_temp"
  chown 0:0 "$copy_temp"
  chmod "$1" "$copy_temp"
  on_disk "$copy_temp"
  mv -f "$copy_temp" "$3"
  say "placed $3"
}

# Seconds on a clock that nobody sets: machines at the edge learn the time after they have booted.
clock() {
  if [ -r /proc/uptime ]; then cut -d . -f 1 /proc/uptime; else date +%s; fi
}

# wait_until SECONDS WHAT COMMAND...: until the command succeeds.
wait_until() {
  wait_end=$(($(clock) + $1)) wait_what=$2 wait_seconds=$1
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$(clock)" -lt "$wait_end" ] || fail "$wait_what: not within $wait_seconds s"
    sleep 2
  done
}

# in_steps NAME FROM TO: whether a release may follow another, both as 1.35 with whatever is around it.
in_steps() {
  from=$(minor_of "$2") to=$(minor_of "$3")
  if [ -z "$from" ] || [ -z "$to" ]; then return 0; fi
  [ "$to" -ge "$from" ] ||
    fail "$1 is $2 here and does not go back to $3: its state can't be read by an older one; restore a backup instead"
  [ "$to" -le $((from + 1)) ] ||
    fail "$1 is $2 here and skips a minor version to $3; give one in between first"
}

minor_of() { printf '%s\n' "$1" | sed -n 's/^v\{0,1\}1\.\([0-9]\{1,3\}\)[^0-9].*$/\1/p'; }

# checked SHA256 FILE: whether the file is the one that was pinned.
checked() { printf '%s  %s\n' "$1" "$2" | sha256sum -c - >/dev/null 2>&1; }

as_root() { [ "$(id -u)" -eq 0 ] || fail "must run as root; give a user that may sudo without a password"; }

# One at a time on a machine: a second run would mix its files with the first's.
locked() {
  [ -d /var/lib/trimtab ] || (umask 022 && mkdir -p /var/lib/trimtab)
  exec 9>/var/lib/trimtab/lock
  flock -w 600 9 || fail "another run on this machine has not ended"
}
