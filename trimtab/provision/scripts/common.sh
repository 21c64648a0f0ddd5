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
  mv -f "$put_temp" "$2"
  say "wrote $2"
}

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
  mv -f "$copy_temp" "$3"
  say "placed $3"
}

# wait_until SECONDS WHAT COMMAND...: until the command succeeds.
wait_until() {
  wait_left=$1 wait_what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$wait_left" -gt 0 ] || fail "$wait_what: not within the time limit"
    wait_left=$((wait_left - 2))
    sleep 2
  done
}

# checked SHA256 FILE: whether the file is the one that was pinned.
checked() { printf '%s  %s\n' "$1" "$2" | sha256sum -c - >/dev/null 2>&1; }

as_root() { [ "$(id -u)" -eq 0 ] || fail "must run as root; give a user that may sudo without a password"; }

# One at a time on a machine: a second run would mix its files with the first's.
locked() {
  [ -d /var/lib/trimtab ] || (umask 022 && mkdir -p /var/lib/trimtab)
  exec 9>/var/lib/trimtab/lock
  flock -w 600 9 || fail "another run on this machine has not ended"
}
