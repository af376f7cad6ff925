#!/usr/bin/env bash
# Runs the libFuzzer targets of tests/fuzz, each on its seed corpus, two at a time; fails when one finds something, and
# keeps the input that does it.
#   scripts/run_fuzz.sh [--seconds N] [--keep DIR] [TARGET...]      e.g. scripts/run_fuzz.sh --seconds 600 onnx csv
#   --seconds N  for each target (30)
#   --keep DIR   go on with, and add to, the corpora in DIR (a scratch folder, removed)
#   --build      build only
#   BUILD=DIR    run the targets of that build folder instead of building the preset fuzz
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=30
keep=
build_only=false
targets=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --seconds) seconds=${2:?"--seconds needs a number"}; shift ;;
    --keep) keep=${2:?"--keep needs a folder"}; shift ;;
    --build) build_only=true ;;
    -*) echo "run_fuzz.sh: unknown option '$1'. Known: --seconds, --keep, --build." >&2; exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done

if ! command -v clang++-14 >/dev/null; then
  echo "run_fuzz.sh: skipped (clang++-14 was not found). Run scripts/install_deps.sh."
  exit 77
fi
if [[ -z ${BUILD:-} ]]; then
  scripts/build.sh fuzz
  BUILD=build/fuzz
fi
"$build_only" && exit 0
if [[ ${#targets[@]} -eq 0 ]]; then
  for program in "$BUILD"/fuzz/fuzz_*; do targets+=("${program##*/fuzz_}"); done
fi

findings=$PWD/build/fuzz-findings
# Memory takes files faster than a disk does; the readers' files are small.
[[ -d /dev/shm && -w /dev/shm ]] && memory=/dev/shm || memory=${TMPDIR:-/tmp}
scratch=$(mktemp -d "$memory/sonde-fuzz-run-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# Runs one target; prints a line, and the report of a finding.
run_target() {
  local target=$1 own=$scratch/$1 corpus=${keep:-$scratch}/$1.corpus program=$BUILD/fuzz/fuzz_$1
  [[ -x $program ]] || { echo "run_fuzz.sh: there is no target '$target'." >&2; return 2; }
  mkdir -p "$own" "$corpus"
  /usr/bin/python3 tests/fuzz/make_corpus.py "$target" "$own/seeds" "$own/words"
  local seeds=("$own/seeds")
  [[ ! -d tests/fuzz/corpus/$target ]] || seeds+=("tests/fuzz/corpus/$target")
  local words=()
  [[ ! -s $own/words ]] || words=("-dict=$own/words")
  # A reader that needs more than a few seconds or 1 GiB for a small file is a finding. libFuzzer watches leaks.
  if TMPDIR=$own ASAN_OPTIONS=quarantine_size_mb=32:allocator_may_return_null=0 UBSAN_OPTIONS=print_stacktrace=1 \
    "$program" "$corpus" "${seeds[@]}" "${words[@]}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -max_len=8192 -artifact_prefix="$own/" -print_final_stats=1 -verbosity=1 >"$own/log" 2>&1; then
    local executions coverage
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$own/log")
    coverage=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$own/log" | tail -1)
    echo "$target: $executions executions, $coverage"
    return 0
  fi
  mkdir -p "$findings/$target"
  find "$own" -maxdepth 1 -type f -regex '.*/\(crash\|oom\|timeout\|leak\|slow-unit\)-.*' -exec cp {} "$findings/$target/" \;
  tail -n 60 "$own/log"
  echo "$target: FOUND something. The input is in $findings/$target; $program INPUT shows it again."
  return 1
}

failed=0
for target in "${targets[@]}"; do
  while [[ $(jobs -rp | wc -l) -ge 2 ]]; do wait -n || failed=1; done
  run_target "$target" &
done
while [[ -n $(jobs -p) ]]; do wait -n || failed=1; done
exit "$failed"
