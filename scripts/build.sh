#!/usr/bin/env bash
# Installs what is missing, configures a preset and builds it.
#   scripts/build.sh [PRESET [NINJA TARGET...]]      default: release, everything
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
shift || true
scripts/install_deps.sh --yes

ccache=$(command -v ccache || true)
configure=(cmake --preset "$preset" --log-level=WARNING -DCMAKE_CXX_COMPILER_LAUNCHER="$ccache")
[[ $preset != cuda ]] || configure+=(-DCMAKE_CUDA_COMPILER_LAUNCHER="$ccache")
build=(cmake --build --preset "$preset" -j "$(nproc)")
[[ $# -eq 0 ]] || build+=(--target "$@")

# A warm tree has nothing to say; a failure says everything.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${configure[@]}" >"$log" 2>&1 || { cat "$log"; exit 1; }
"${build[@]}"
