# One machine of a MicroK8s cluster: `apply` makes it what the settings say, `remove` takes MicroK8s off it.
#
# Run again, apply changes nothing; broken off anywhere, the next run ends the work. The token is in files
# that only root reads, until the machine has joined with it: the launch configuration, and the copy of it
# that the snap makes when it is installed and carries out some seconds after.

APPLIED=/var/lib/trimtab/microk8s.applied
LAUNCH=/var/snap/microk8s/common/.microk8s.yaml
TAKEN=/var/snap/microk8s/common/etc/launcher/install.yaml
BACKUP=/var/lib/trimtab/backup-microk8s.sh
BACKUP_TIMES=/etc/cron.d/trimtab-microk8s

installed() { snap list microk8s; }

tracked() { snap list microk8s | grep -q " $CHANNEL "; }

# The snap reads the first configuration that it finds, and these come before ours.
unshadowed() {
  home=/root
  for each in /etc/microk8s.yaml "$home/snap/microk8s/common/.microk8s.yaml"; do
    [ ! -e "$each" ] || fail "$each is there: MicroK8s would take it for the launch configuration; move it away"
  done
}

# A first server that was set up anew would begin a second cluster beside what is left of the first.
alone() {
  for each in $PEERS; do
    if command -v curl >/dev/null && curl --insecure --silent --max-time 5 --output /dev/null "$each"; then
      fail "MicroK8s is not on this machine, and a server of its cluster answers at $each: no second cluster is begun; name that server first in servers, and take this machine's old node out there"
    fi
  done
}

# What was put into the folder last; nothing where snaps are fetched.
release() { [ -z "$AIR_GAP" ] || sha256sum "$AIR_GAP"/microk8s_*.snap | cut -d ' ' -f 1; }

channel() { snap list microk8s | sed -n 's/^microk8s  *[^ ]*  *[^ ]*  *\([^ ]*\).*/\1/p'; }

taken() { [ ! -e "$TAKEN" ]; }

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
    server) microk8s status --wait-ready --timeout 20 ;;
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
    unshadowed
    alone
    say "installing MicroK8s from $CHANNEL"
    launch
    install_snap
    [ -z "$AIR_GAP" ] || put 0600 "$APPLIED.release" "$(release)"
    snap refresh --hold microk8s >/dev/null
    wait_until "$READY_SECONDS" "MicroK8s is not ready, see microk8s inspect" ready
    put 0600 "$APPLIED.config" "$CONFIG"
  fi
  if [ -n "$AIR_GAP" ] && [ "$(cat "$APPLIED.release" 2>/dev/null)" != "$(release)" ]; then
    say "installing MicroK8s as it is in $AIR_GAP"
    install_snap
    snap refresh --hold microk8s >/dev/null
    wait_until "$READY_SECONDS" "MicroK8s is not ready, see microk8s inspect" ready
    put 0600 "$APPLIED.release" "$(release)"
  fi
  wait_until "$READY_SECONDS" "MicroK8s does not carry its launch configuration out, see journalctl -u snap.microk8s.daemon-cluster-agent" taken
  if [ -z "$AIR_GAP" ] && ! tracked; then
    in_steps MicroK8s "$(channel)" "$CHANNEL"
    say "refreshing MicroK8s to $CHANNEL"
    snap refresh microk8s "--channel=$CHANNEL"
    snap refresh --hold microk8s >/dev/null
  fi
  if [ ! -f "$APPLIED" ] || [ "$(cat "$APPLIED")" != "$wanted" ]; then
    wait_until "$READY_SECONDS" "MicroK8s is not ready, see microk8s inspect" ready
    if [ ! -f "$APPLIED.config" ] || [ "$(cat "$APPLIED.config")" != "$CONFIG" ]; then
      say "configuring MicroK8s"
      # No token is in it: snap shows its arguments.
      snap set microk8s "config=$CONFIG"
      put 0600 "$APPLIED.config" "$CONFIG"
      wait_until "$READY_SECONDS" "MicroK8s is not ready, see microk8s inspect" ready
    fi
    add_ons
  fi
  wait_until "$READY_SECONDS" "MicroK8s is not ready, see microk8s inspect" ready
  rm -f "$LAUNCH" "$TAKEN.applied"
  back_up
  put 0600 "$APPLIED" "$wanted"
  say "$ROLE is as it should be"
}

remove() {
  rm -f "$APPLIED" "$APPLIED.config" "$APPLIED.release" "$LAUNCH" "$BACKUP" "$BACKUP_TIMES"
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
