#!/usr/bin/env bash
# Installs what is missing, builds sonde and its benchmarks, runs them one after the other and prints one table of
# name, value, unit. Nothing is asserted. The machine should be quiet; some twenty minutes.
#   scripts/run_benchmarks.sh [FOLDER WITH data/ AND peers/]    default: ../shared; without it only what needs no data is run
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_deps.sh --yes --bench
scripts/build.sh release sonde bench_lanes bench_loop bench_passes

shared=${1:-../shared}
build=build/release
one_core=(taskset -c "$(($(nproc) - 1))")
export OMP_NUM_THREADS=1

echo "# $(date -u +%F), $(sed -n 's/^model name\s*: //p;T;q' /proc/cpuinfo), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg), commit $(git rev-parse --short HEAD)"
"${one_core[@]}" "$build/tests/bench/bench_lanes"
if [[ ! -d $shared/data ]]; then
  echo "# no $shared/data: the benchmarks on real models are left out"
  exit 0
fi
mnist=$shared/data/mnist imagenet=$shared/data/imagenet
"${one_core[@]}" "$build/tests/bench/bench_loop" "$mnist"/lenet{1,4,5}.h5 --seeds "$mnist/t10k-images-idx3-ubyte.gz" \
  --preprocess scale=1/255 --constraint occlusion --mode published
"${one_core[@]}" "$build/tests/bench/bench_passes" 32 "$imagenet"/{squeezenet11_torchvision,squeezenet11_caffe,darknet_tiny}_rgb255.onnx
"${one_core[@]}" tests/bench/torch_squeezenet.py
tests/bench/bench_generate.py "$build/sonde" "$shared"
tests/bench/bench_inspect.py "$build/sonde" "$shared"
