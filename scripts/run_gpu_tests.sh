#!/usr/bin/env bash
# Runs every test and benchmark that needs a GPU, in a source tree after `scripts/build.sh cuda` or in an unpacked bundle
# (scripts/bundle.sh), and prints one table: name, result or value, unit. Exit status 1 when anything failed. Minutes.
#   scripts/run_gpu_tests.sh [--shared FOLDER] [--python PROGRAM]
#     FOLDER   has data/mnist, data/imagenet and peers/: the benchmarks of docs/gpu.md on published models (../shared)
#     PROGRAM  a Python with PyTorch for this GPU, NumPy and h5py: what sonde is compared with (python3)
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
shared= python=python3
while [[ $# -gt 0 ]]; do
  case "$1" in
    --shared) shared=$(cd "$2" && pwd) || exit 2; shift 2 ;;
    --python) python=$2; shift 2 ;;
    --help | -h) sed -n '2,6p' "$0"; exit 0 ;;
    *) echo "run_gpu_tests.sh: unknown option '$1' (no such option)." >&2; exit 2 ;;
  esac
done
if [[ -d $here/libexec ]]; then
  bundle=$here
  . "$here/libexec/environment.sh"
  cd "$here/share/sonde"
  sonde=$here/bin/sonde mpirun=$here/bin/mpirun h5diff=$here/libexec/h5diff
  program() { echo "$here/libexec/${1##*/}"; }
else
  cd "$here/.."
  build=$PWD/build/cuda
  sonde=$build/sonde mpirun=mpirun h5diff=h5diff
  program() { echo "$build/$1"; }
  [[ -n $shared || ! -d ../shared/data ]] || shared=$(cd ../shared && pwd)
fi
if [[ ! -x $sonde ]]; then
  echo "run_gpu_tests.sh: $sonde is not there (nothing was built). Run scripts/build.sh cuda first." >&2
  exit 1
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_btl_base_warn_component_unused=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

row() { printf '%-44s %14s  %s\n' "$1" "$2" "${3:-}"; }
failed() {
  failures=$((failures + 1))
  row "$1" FAILED "$2"
  tail -n 15 "$scratch/log" | sed 's/^/    /'
}
# check NAME COMMAND...: one row, with the time it took.
check() {
  local name=$1 start=$SECONDS
  shift
  if "$@" >"$scratch/log" 2>&1; then row "$name" ok "$((SECONDS - start)) s"; else failed "$name" "$((SECONDS - start)) s"; fi
}
# tests PROGRAM [RANKS]: a GoogleTest program; what it skips is counted.
tests() {
  local path name=${1##*/}${2:+.np$2} start=$SECONDS
  path=$(program "$1")
  if [[ ! -x $path ]]; then row "$name" absent; return; fi
  if ${2:+"$mpirun" -np "$2"} "$path" --gtest_color=no >"$scratch/log" 2>&1; then
    row "$name" ok "$(grep -c '^\[       OK' "$scratch/log") passed, $(grep -c '^\[  SKIPPED \].*(' "$scratch/log") skipped, $((SECONDS - start)) s"
  else
    failed "$name" "$(grep -c '^\[  FAILED' "$scratch/log") lines, $((SECONDS - start)) s"
  fi
}
number() { sed -n "s/.*\"$2\": *\([-0-9.e+]*\).*/\1/p" "$1" | head -n 1; }
generate() { "$sonde" generate --config jobs/fashion_light.ini --overwrite "$@"; }
inspect() { "$sonde" inspect --config jobs/inspect_sql.ini --overwrite "$@"; }

echo "# $(date -u +%F), $("$sonde" --version)"
echo "# $(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null || echo 'nvidia-smi: no device')"
if ! "$sonde" describe inputs/fashion/lenet1.onnx --backend cuda 2>&1 | tee "$scratch/log" | grep -q '^ *backend *cuda'; then
  grep backend "$scratch/log"
  echo "no GPU can be used: nothing was tested"
  exit 1
fi

tests tests/device/test_device
tests tests/backend/test_backend
tests tests/comm/test_device_comm
tests tests/comm/test_device_comm 2

# The whole program against the CPU, and against itself on more ranks of one device.
check generate.cpu generate --backend cpu --num-seeds 1000 --out "$scratch/cpu.h5" --summary "$scratch/cpu.json"
check generate.cuda generate --backend cuda --num-seeds 1000 --out "$scratch/np1.h5" --summary "$scratch/cuda.json"
row generate.generated.cpu "$(number "$scratch/cpu.json" generated)" findings
row generate.generated.cuda "$(number "$scratch/cuda.json" generated)" findings
check verify.cuda "$sonde" verify "$scratch/np1.h5" --backend cuda
check verify.cuda_on_cpu "$sonde" verify "$scratch/np1.h5" --backend cpu
for ranks in 2 4; do
  check "generate.cuda.np$ranks" "$mpirun" -np $ranks "$sonde" generate --config jobs/fashion_light.ini --overwrite \
    --backend cuda --num-seeds 1000 --out "$scratch/np$ranks.h5"
  for group in findings finding_data seeds coverage coverage_history; do
    check "generate.cuda.np$ranks.same.$group" "$h5diff" "$scratch/np1.h5" "$scratch/np$ranks.h5" "/$group"
  done
done
check inspect.cpu inspect --backend cpu --out "$scratch/inspect_cpu.h5"
check inspect.cuda inspect --backend cuda --out "$scratch/inspect_cuda.h5"
check inspect.same.pearson "$h5diff" --delta=1e-5 "$scratch/inspect_cpu.h5" "$scratch/inspect_cuda.h5" /scores/pearson/value

# Benchmarks. Each prints "name value unit" or "name skipped: reason".
bench() {  # NAME COMMAND...
  local title=$1 status=0 name value unit
  shift
  "$@" >"$scratch/rows" 2>"$scratch/log" || status=$?
  while read -r name value unit; do
    if [[ $name == '#' ]]; then echo "# $value $unit"; else row "$name" "${value%:}" "$unit"; fi
  done <"$scratch/rows"
  [[ $status -eq 0 || $status -eq 77 ]] || failed "$title" "exit status $status"
}
# repeat_images FILE.gz TIMES: the images several times over, in $scratch/images-idx3-ubyte. A micro-batch holds a seed once.
repeat_images() {
  gzip -dc "$1" >"$scratch/once"
  local n=$((16#$(od -An -tx1 -j4 -N4 "$scratch/once" | tr -d ' \n') * $2)) i
  {
    head -c 4 "$scratch/once"
    printf "$(printf '\\x%02x' $((n >> 24)) $((n >> 16 & 255)) $((n >> 8 & 255)) $((n & 255)))"
    tail -c +9 "$scratch/once" | head -c 8
    for ((i = 0; i < $2; ++i)); do tail -c +17 "$scratch/once"; done
  } >"$scratch/images-idx3-ubyte"
}
speed() {  # NAME OPTION...
  local name=$1
  shift
  if "$sonde" generate --overwrite --out "$scratch/bench.h5" --summary "$scratch/bench.json" "$@" >"$scratch/log" 2>&1; then
    row "$name" "$(number "$scratch/bench.json" sample_iterations_per_second)" sample-iterations/s
  else
    failed "$name" ""
  fi
}

bench bench_device "$(program tests/bench/bench_device)"
cp "$scratch/rows" "$scratch/rates"
bench bench_unit_table "$(program tests/bench/bench_unit_table)"
bench bench_device_passes "$(program tests/bench/bench_device_passes)" 4096 fp32 inputs/fashion/lenet5.onnx
if [[ -d $shared/data/imagenet ]]; then
  for precision in fp32 tf32; do
    bench bench_device_passes "$(program tests/bench/bench_device_passes)" 256 $precision \
      "$shared"/data/imagenet/{squeezenet11_torchvision,darknet_tiny}_rgb255.onnx
  done
else
  row bench_device_passes skipped "no data/imagenet (see --shared)"
fi
repeat_images inputs/fashion/seeds-images-idx3-ubyte.gz 66
for batch in 256 4096; do
  speed "generate.fashion.cuda.batch$batch" --config jobs/fashion_light.ini --seeds "$scratch/images-idx3-ubyte" \
    --constraint occlusion --mode published --backend cuda --batch $batch --round 65536 --first-round 65536
done
# missing MODULES: why Python cannot import them; nothing when it can.
missing() {
  command -v "$python" >/dev/null || { echo "no $python (see --python)"; return; }
  "$python" -c "import $1" 2>&1 | tail -n 1
}
if [[ -n $(missing sys) ]]; then
  row bench_generate skipped "$(missing sys)"
elif [[ ! -d $shared/data/mnist ]]; then
  row bench_generate skipped "no data/mnist (see --shared)"
else
  bench bench_generate "$python" tests/bench/bench_generate.py "$sonde" "$shared" --backend cuda --rounds 3 \
    --python "$python" --rates "$scratch/rates"
fi
if [[ -n $(missing "h5py, numpy, torch") ]]; then
  row bench_inspect skipped "$(missing "h5py, numpy, torch")"
else
  bench bench_inspect "$python" tests/bench/bench_inspect.py "$sonde" "${shared:-.}" --backend cuda --rates "$scratch/rates"
fi
[[ $failures -eq 0 ]] || { echo "$failures failed"; exit 1; }
echo "all passed"
