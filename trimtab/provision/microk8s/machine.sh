# One machine of a MicroK8s cluster: `apply` makes it what the settings say, `remove` takes MicroK8s off it.
#
# Run again, apply changes nothing; broken off anywhere, the next run ends the work. The token is in a file
# that only root reads, until the machine has joined with it.

APPLIED=/var/lib/trimtab/microk8s.applied
LAUNCH=/var/snap/microk8s/common/.microk8s.yaml
BACKUP=/var/lib/trimtab/backup-microk8s.sh
BACKUP_TIMES=/etc/cron.d/trimtab-microk8s

installed() { snap list microk8s; }

tracked() { snap list microk8s | grep -q " $CHANNEL "; }

install_snap() {
  if [ -n "$AIR_GAP" ]; then
    for each in "$AIR_GAP"/*.assert; do
      [ -f "$each" ] || fail "$AIR_GAP has no *.assert: what snap download leaves beside the snaps"
      snap ack "$each"
    done
    for each in "$AIR_GAP"/*.snap; do
      case "$each" in */microk8s_*) continue ;; esac
      [ ! -f "$each" ] || snap install "$each"
    done
    for each in "$AIR_GAP"/microk8s_*.snap; do
      [ -f "$each" ] || fail "$AIR_GAP has no microk8s_*.snap"
      snap install "$each" --classic
    done
  else
    snap install microk8s --classic "--channel=$CHANNEL"
  fi
}

ready() {
  case "$ROLE" in
    server) microk8s status --wait-ready --timeout 30 ;;
    *) snap services microk8s.daemon-kubelite | grep -q ' active' ;;
  esac
}

add_ons() {
  for each in $ADDONS; do
    microk8s status --addon "$each" | grep -q '^enabled' || microk8s enable "$each"
  done
}

back_up() {
  if [ -z "$BACKUP_SCHEDULE" ]; then
    rm -f "$BACKUP" "$BACKUP_TIMES"
    return 0
  fi
  # shellcheck disable=SC2016 # for the script that is written
  put 0700 "$BACKUP" '#!/bin/sh
set -eu
umask 077
folder=/var/lib/trimtab/backups
mkdir -p "$folder"
/snap/bin/microk8s dbctl backup -o "$folder/microk8s-$(date -u +%Y%m%dT%H%M%SZ).tar.gz"
find "$folder" -name "microk8s-*.tar.gz" | sort | head -n "-$1" | while read -r each; do rm -f "$each"; done
'
  put 0600 "$BACKUP_TIMES" "$BACKUP_SCHEDULE root $BACKUP $BACKUP_RETENTION
"
}

apply() {
  [ "$(uname -n)" = "$NODE" ] ||
    fail "this machine is $(uname -n), not $NODE: MicroK8s names a node after its host"
  wanted=$(printf '%s\n' "$CHANNEL" "$CONFIG" "$ADDONS" | sha256sum | cut -d ' ' -f 1)
  if ! installed >/dev/null 2>&1; then
    say "installing MicroK8s from $CHANNEL"
    launch
    install_snap
    snap refresh --hold microk8s >/dev/null
    wait_until "$READY_SECONDS" MicroK8s ready
    put 0600 "$APPLIED.config" "$CONFIG"
  fi
  if [ -z "$AIR_GAP" ] && ! tracked; then
    say "refreshing MicroK8s to $CHANNEL"
    snap refresh microk8s "--channel=$CHANNEL"
    snap refresh --hold microk8s >/dev/null
  fi
  if [ ! -f "$APPLIED" ] || [ "$(cat "$APPLIED")" != "$wanted" ]; then
    wait_until "$READY_SECONDS" MicroK8s ready
    if [ ! -f "$APPLIED.config" ] || [ "$(cat "$APPLIED.config")" != "$CONFIG" ]; then
      say "configuring MicroK8s"
      # No token is in it: snap shows its arguments.
      snap set microk8s "config=$CONFIG"
      put 0600 "$APPLIED.config" "$CONFIG"
      wait_until "$READY_SECONDS" MicroK8s ready
    fi
    add_ons
  fi
  wait_until "$READY_SECONDS" MicroK8s ready
  rm -f "$LAUNCH"
  back_up
  put 0600 "$APPLIED" "$wanted"
  say "$ROLE is as it should be"
}

remove() {
  rm -f "$APPLIED" "$APPLIED.config" "$LAUNCH" "$BACKUP" "$BACKUP_TIMES"
  if installed >/dev/null 2>&1; then snap remove microk8s --purge; fi
  say "MicroK8s is gone from this machine"
}

main() {
  set -eu
  umask 077
  PATH=$PATH:/snap/bin
  export PATH
  as_root
  locked
  case "${1-}" in
    apply) apply ;;
    remove) remove ;;
    *) fail "say apply or remove" ;;
  esac
}
