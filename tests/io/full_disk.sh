#!/usr/bin/env bash
# full_disk.sh SEGMENTS STAGE COMMAND...: runs COMMAND OUT SEGMENTS with OUT on a disk of 16 MiB. It must end within seconds, with
# the reason, without OUT or OUT.tmp; STAGE is "write" or "assemble". Skipped (77) where no such disk can be mounted.
set -uo pipefail
if [[ ${SONDE_FULL_DISK_INSIDE:-} != 1 ]]; then
  namespace=(unshare --mount)
  [[ $(id -u) -eq 0 ]] || namespace=(unshare --map-root-user --mount)
  disk=$(mktemp -d)
  trap 'rmdir "$disk"' EXIT
  if ! "${namespace[@]}" mount -t tmpfs -o size=16m tmpfs "$disk" 2>/dev/null; then
    echo "skipped: no tmpfs can be mounted here (needs root or user namespaces)"
    exit 77
  fi
  SONDE_FULL_DISK_INSIDE=1 DISK=$disk "${namespace[@]}" "$0" "$@"
  exit
fi

segments=$1 stage=$2
shift 2
mount -t tmpfs -o size=16m tmpfs "$DISK"
output=$(timeout --kill-after=5 30 "$@" "$DISK/out.h5" "$segments" 2>&1)
status=$?
printf '%s\n' "$output"
ls -l "$DISK" "$DISK/out.h5.part"
fail() { echo "full_disk: $1"; exit 1; }
[[ $status -ne 0 ]] || fail "the run succeeded"
[[ $status -ne 124 && $status -ne 137 ]] || fail "the run hung"
grep -qi 'no space left' <<<"$output" || fail "the reason was not said"
[[ ! -e $DISK/out.h5 && ! -e $DISK/out.h5.tmp ]] || fail "something half-written was left"
[[ -e $DISK/out.h5.part/000001.h5 ]] || fail "the finished segments are gone"
if [[ $stage == assemble ]]; then
  grep -q 'all segments written' <<<"$output" || fail "the disk was full too early for this test"
fi
exit 0
