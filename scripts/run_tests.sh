#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test; ends with CTest's summary.
#   scripts/run_tests.sh [CTEST OPTION...]           e.g. scripts/run_tests.sh -R base
#   PRESET=asan scripts/run_tests.sh                 another preset
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${PRESET:-release}
scripts/build.sh "$preset"

options=(--preset "$preset" -j "$(nproc)")
# A terminal shows one line that moves on; a CI log shows every test, and keeps the results as JUnit XML.
if [[ -t 1 && -z ${CI:-} ]]; then
  options+=(--progress)
else
  options+=(--output-junit "$PWD/build/$preset/tests.xml")
fi
ctest "${options[@]}" "$@"
