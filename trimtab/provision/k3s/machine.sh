# One machine of a K3s cluster: `apply` makes it what the settings say, `remove` takes K3s off it.
#
# Run again, apply changes nothing and restarts nothing; broken off anywhere, the next run ends the work:
# what K3s runs with is compared with a stamp that is written last.

APPLIED=/var/lib/trimtab/k3s.applied
INSTALLING=/var/lib/trimtab/k3s.installing
INSTALLER=/var/lib/trimtab/install-k3s.sh
K3S=/usr/local/bin/k3s
NVIDIA_CONFIG=/etc/rancher/k3s/config.yaml.d/nvidia.yaml
JOIN_CONFIG=/etc/rancher/k3s/config.yaml.d/join.yaml
STATE=/var/lib/rancher/k3s/server/db
CONFIG=/etc/rancher/k3s/config.yaml
IMAGES=/var/lib/rancher/k3s/agent/images

installed() {
  # K3s's installer writes its files in place: what it was broken off at is not there.
  [ ! -e "$INSTALLING" ] && [ -x "$K3S" ] && [ -f "/etc/systemd/system/$SERVICE.service" ] || return 1
  [ "$KEEP_VERSION" = yes ] && return 0
  case "$("$K3S" --version 2>/dev/null)" in "k3s version $VERSION "*) return 0 ;; esac
  return 1
}

# What a cluster is begun with and can't be given another of by a restart.
unchanged() {
  [ -d "$STATE" ] && [ -f "$CONFIG" ] || return 0
  for each in $FIXED; do
    was=$(sed -n "s/^ \"${each%%=*}\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$CONFIG")
    [ -z "$was" ] || [ "$was" = "${each#*=}" ] ||
      fail "${each%%=*} is $was in this cluster and can't become ${each#*=}; keep it, or make another cluster"
  done
}

stepwise() {
  [ "$KEEP_VERSION" != yes ] && [ -x "$K3S" ] && [ -d /var/lib/rancher/k3s ] || return 0
  was=$("$K3S" --version 2>/dev/null | sed -n 's/^k3s version \([^ ]*\).*/\1/p')
  in_steps K3s "$was" "$VERSION"
}

# A first server that has lost its state joins what is left of its cluster: it would begin a second.
rejoin() {
  if [ -z "$PEERS" ] || [ -d "$STATE" ]; then return 0; fi
  for each in $PEERS; do
    if [ "$(answer "$each")" = pong ]; then
      say "this machine has no state, and a server of its cluster answers at $each: joining it"
      put 0600 "$JOIN_CONFIG" "{\"cluster-init\": false, \"server\": \"$each\"}
"
      return 0
    fi
  done
  rm -f "$JOIN_CONFIG"
}

answer() {
  "$K3S" kubectl --kubeconfig=/dev/null --token=none "--server=$1" --insecure-skip-tls-verify=true --request-timeout=5s \
    get --raw /ping 2>/dev/null || :
}

place_air_gap() {
  [ -f "$AIR_GAP/k3s" ] || fail "$AIR_GAP/k3s is missing: an air-gapped machine gets K3s's binary first"
  [ -f "$AIR_GAP/install.sh" ] || fail "$AIR_GAP/install.sh is missing: K3s's own installer"
  found=no
  for each in "$AIR_GAP"/k3s-airgap-images-*; do
    [ -f "$each" ] || continue
    found=yes
    copy 0644 "$each" "$IMAGES/${each##*/}"
  done
  [ "$found" = yes ] || fail "$AIR_GAP has no k3s-airgap-images-*: the images tarball of the release"
  # A version that something else upgrades is not put back.
  if [ "$KEEP_VERSION" != yes ] || [ ! -x "$K3S" ]; then copy 0755 "$AIR_GAP/k3s" "$K3S"; fi
  copy 0700 "$AIR_GAP/install.sh" "$INSTALLER"
}

fetch_installer() {
  if [ -n "$SCRIPT_SHA256" ] && [ -f "$INSTALLER" ] && checked "$SCRIPT_SHA256" "$INSTALLER"; then return 0; fi
  temp=$(mktemp "$INSTALLER.trimtab-XXXXXX")
  curl --fail --silent --show-error --location --retry 10 --output "$temp" "$SCRIPT_URL" ||
    fail "$SCRIPT_URL can't be fetched"
  if [ -n "$SCRIPT_SHA256" ] && ! checked "$SCRIPT_SHA256" "$temp"; then
    rm -f "$temp"
    fail "$SCRIPT_URL is not the installer that was pinned"
  fi
  chmod 0700 "$temp"
  mv -f "$temp" "$INSTALLER"
}

install_k3s() {
  rm -f "$INSTALLER".trimtab-*
  skip=false
  if [ -n "$AIR_GAP" ]; then
    place_air_gap
    skip=true
    if [ -n "$SCRIPT_SHA256" ]; then
      checked "$SCRIPT_SHA256" "$INSTALLER" || fail "$AIR_GAP/install.sh is not the installer that was pinned"
    fi
  elif ! installed; then
    fetch_installer
  fi
  installed && return 0
  say "installing K3s $VERSION as $ROLE"
  # What was applied ends here: a run that breaks off must not leave an old binary running as the new.
  rm -f "$APPLIED"
  : >"$INSTALLING"
  INSTALL_K3S_VERSION=$VERSION INSTALL_K3S_EXEC=$ROLE INSTALL_K3S_SKIP_START=true \
    INSTALL_K3S_SKIP_DOWNLOAD=$skip sh "$INSTALLER"
  rm -f "$INSTALLING"
  installed || fail "after its installation K3s is not $VERSION"
}

check_binary() {
  case "$(uname -m)" in
    x86_64 | amd64) pinned=$BINARY_SHA256_X86_64 ;;
    aarch64 | arm64) pinned=$BINARY_SHA256_ARM64 ;;
    *) pinned= ;;
  esac
  [ -z "$pinned" ] || [ "$KEEP_VERSION" = yes ] || checked "$pinned" "$K3S" ||
    fail "$K3S is not the binary that was pinned"
}

# K3s does not start when its default runtime is not there, so it is asked for only where it is.
nvidia_runtime() {
  [ "$NVIDIA" = yes ] || {
    rm -f "$NVIDIA_CONFIG"
    return 0
  }
  for each in /usr/local/nvidia/toolkit /usr/bin /usr/local/bin; do
    if [ -f "$each/nvidia-container-runtime" ]; then
      put 0600 "$NVIDIA_CONFIG" "default-runtime: nvidia
"
      return 0
    fi
  done
  rm -f "$NVIDIA_CONFIG"
  say "no nvidia-container-runtime on this machine: containers run with K3s's own"
}

fingerprint() {
  {
    printf '%s %s\n' "$ROLE" "$SERVICE"
    [ "$KEEP_VERSION" = yes ] || printf '%s\n' "$VERSION"
    for each in $KEPT_FILES "$NVIDIA_CONFIG"; do
      [ ! -f "$each" ] || sha256sum "$each"
    done
  } | sha256sum | cut -d ' ' -f 1
}

server_ready() { "$K3S" kubectl get --raw /readyz --request-timeout=20s; }

agent_ready() { systemctl is-active --quiet "$SERVICE"; }

apply() {
  for each in $AWAITED_FILES; do
    wait_until "$TOKEN_SECONDS" "$each" test -s "$each"
    chown 0:0 "$each"
    chmod 0600 "$each"
  done
  unchanged
  stepwise
  write_files
  nvidia_runtime
  install_k3s
  check_binary
  rejoin
  wanted=$(fingerprint)
  if [ ! -f "$APPLIED" ] || [ "$(cat "$APPLIED")" != "$wanted" ] || ! systemctl is-active --quiet "$SERVICE"; then
    say "starting $SERVICE"
    rm -f "$APPLIED"
    timeout "$READY_SECONDS" systemctl restart "$SERVICE" ||
      fail "$SERVICE does not start; see journalctl -u $SERVICE"
  fi
  wait_until "$READY_SECONDS" "$SERVICE does not answer, see journalctl -u $SERVICE" "${ROLE}_ready"
  put 0600 "$APPLIED" "$wanted"
  say "$ROLE is as it should be"
}

remove() {
  case "$ROLE" in
    server) script=/usr/local/bin/k3s-uninstall.sh ;;
    *) script=/usr/local/bin/k3s-agent-uninstall.sh ;;
  esac
  rm -f "$APPLIED"
  [ ! -x "$script" ] || "$script"
  for each in $KEPT_FILES $AWAITED_FILES "$NVIDIA_CONFIG" "$JOIN_CONFIG"; do rm -f "$each" "$each".trimtab-*; done
  rm -f "$INSTALLER" "$INSTALLING"
  say "K3s is gone from this machine"
}

main() {
  set -eu
  umask 077
  as_root
  locked
  case "${1-}" in
    apply) apply ;;
    remove) remove ;;
    *) fail "say apply or remove" ;;
  esac
}
