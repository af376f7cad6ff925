#!/usr/bin/env bash
# Installs what is missing, builds sonde, searches inputs on which three LeNets for Fashion-MNIST disagree, prints a summary
# and draws a contact sheet; then looks for units of an LSTM that follow the grammar of SQL, and prints the best.
#   scripts/run_demo.sh [OPTION OF sonde generate...]      RANKS=n sets the number of MPI ranks
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh release sonde

ranks=${RANKS:-$(($(nproc) < 4 ? $(nproc) : 4))}
out=build/demo
mkdir -p "$out"
# Open MPI refuses root, and more ranks than cores, unless told otherwise.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

mpiexec -n "$ranks" build/release/sonde generate --config jobs/fashion_light.ini --out "$out/fashion.h5" --overwrite "$@"

echo
scripts/sonde_results.py "$out/fashion.h5"
echo
scripts/contact_sheet.py "$out/fashion.h5" "$out/fashion.png" \
  --classes "T-shirt/top,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot"

mpiexec -n "$ranks" build/release/sonde inspect --config jobs/inspect_sql.ini --out "$out/sql.h5" --overwrite --top 0

echo
scripts/sonde_results.py "$out/sql.h5" --top 10
