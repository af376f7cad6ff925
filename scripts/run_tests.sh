#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test; ends with CTest's summary.
#   scripts/run_tests.sh [CTEST OPTION...]           e.g. scripts/run_tests.sh -R base
#   PRESET=asan scripts/run_tests.sh                 another preset
#   TARGETS=unit_tests scripts/run_tests.sh -L unit  builds those targets only
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${PRESET:-release}
read -ra targets <<<"${TARGETS:-}"
scripts/build.sh "$preset" "${targets[@]}"

# Continuous integration also compiles and links what runs on GPUs, where the compiler for it is. The tests of that build
# run on a GPU or say that there is none.
cuda_build() {
  local prefix nvcc=
  for prefix in "${CUDA_HOME:-}" "${CUDA_PATH:-}" {/usr/local,/opt,/usr}/cuda; do
    [[ -n $nvcc || ! -x $prefix/bin/nvcc ]] || nvcc=$prefix/bin/nvcc
  done
  nvcc=$(command -v nvcc || echo "$nvcc")
  if [[ -z $nvcc ]]; then
    echo "skipped: the preset cuda (no nvcc on PATH, in CUDA_HOME or in its usual place)"
    return
  fi
  echo "the preset cuda, with $nvcc"
  scripts/build.sh cuda sonde test_backend test_device test_device_comm bench_device bench_device_passes bench_unit_table
  ctest --preset cuda --output-on-failure -R '^(backend|device|device_comm)\.'
}
[[ -z ${CI:-} || $preset != release ]] || cuda_build

options=(--preset "$preset" -j "$(nproc)")
# A terminal shows one line that moves on; a CI log shows every test, and keeps the results as JUnit XML.
if [[ -t 1 && -z ${CI:-} ]]; then
  options+=(--progress)
else
  options+=(--output-junit "$PWD/build/$preset/tests.xml")
fi
ctest "${options[@]}" "$@"
