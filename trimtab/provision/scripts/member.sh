# One node as the cluster sees it, from a server: `apply` waits for it and marks it, `remove` drains it and
# takes it out, an etcd member with it.

kube() { $KUBECTL "$@"; }

field() { kube get node "$NODE" -o "jsonpath=$1"; }

there() { [ -n "$(kube get node "$NODE" --ignore-not-found -o name)" ]; }

READY='{.status.conditions[?(@.type=="Ready")].status}'

ready() { [ "$(kube get node "$NODE" -o "jsonpath=$READY" --request-timeout=20s)" = True ]; }

servers() { kube get nodes -l "$SERVER_LABEL" -o "jsonpath={range .items[*]}{.metadata.name} $READY{\"\n\"}{end}"; }

# A member of the state's store leaves only where those that stay have a majority without it.
keeps_majority() {
  all=0 up=0 down=
  while read -r each status; do
    if [ -z "$each" ] || [ "$each" = "$NODE" ]; then continue; fi
    all=$((all + 1))
    if [ "$status" = True ]; then up=$((up + 1)); else down="$down $each"; fi
  done <<END
$1
END
  [ "$up" -gt $((all / 2)) ] ||
    fail "$NODE can't leave while these servers are down:$down: the rest would have no majority, and the cluster no state; mend them, or take them out first"
}

# dropped BEFORE NOW: the keys of the first list that the second has not.
dropped() {
  for each in $1; do
    case " $2 " in *" $each "*) ;; *) printf '%s\n' "$each" ;; esac
  done
}

mark() {
  # What an earlier run set and this one does not goes away; what others set stays.
  for key in $(dropped "$(field '{.metadata.annotations.trimtab\.dev/labels}')" "$LABEL_KEYS"); do
    kube label node "$NODE" "$key-" >/dev/null
  done
  for key in $(dropped "$(field '{.metadata.annotations.trimtab\.dev/taints}')" "$TAINT_KEYS"); do
    kube taint node "$NODE" "$key-" >/dev/null 2>&1 || say "$NODE has no taint $key any more"
  done
  # Before the marks, so that what a run that broke off has set is known to the next.
  kube annotate node "$NODE" --overwrite "trimtab.dev/labels=$LABEL_KEYS" "trimtab.dev/taints=$TAINT_KEYS" >/dev/null
  # shellcheck disable=SC2086 # words: neither labels nor taints have spaces
  [ -z "$LABELS" ] || kube label node "$NODE" --overwrite $LABELS >/dev/null
  # shellcheck disable=SC2086
  [ -z "$TAINTS" ] || kube taint node "$NODE" --overwrite $TAINTS >/dev/null
}

apply() {
  wait_until "$READY_SECONDS" "node $NODE is not ready, see its service's journal there" ready
  mark
  say "$NODE is ready"
}

remove() {
  if ! there; then
    say "$NODE is no node of the cluster"
    return 0
  fi
  if [ "$ROLE" = server ]; then
    found=$(servers)
    if [ "$(printf '%s\n' "$found" | grep -c .)" -le 1 ]; then
      say "$NODE is the last server: it keeps the cluster's state until it is removed itself"
      return 0
    fi
    [ "$MAJORITY" = no ] || keeps_majority "$found"
  fi
  if [ "$DRAIN_SECONDS" -gt 0 ]; then
    kube drain "$NODE" --ignore-daemonsets --delete-emptydir-data --force "--timeout=${DRAIN_SECONDS}s" ||
      fail "$NODE does not drain within $DRAIN_SECONDS s; move its pods, or set drain_seconds to 0"
  fi
  forget_node
  say "$NODE has left the cluster"
}

main() {
  # No word of a setting is a pattern of files.
  set -euf
  as_root
  case "${1-}" in
    apply) apply ;;
    remove) remove ;;
    *) fail "say apply or remove" ;;
  esac
}
