#!/usr/bin/env bash
# Installs the Debian packages sonde needs; does nothing when all are there. Debian 12 or later; root or sudo.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: scripts/install_deps.sh [--yes] [--train] [--bench] [--bundle] [--list]
  --yes    do not ask (the default when standard input is not a terminal)
  --train  also what the scripts that make inputs/ need
  --bench  also what the comparison with PyTorch in tests/bench needs
  --bundle also what scripts/bundle.sh needs
  --list   print the packages, one per line, and install nothing
EOF
}

packages=(
  # compiler and build
  g++ cmake ninja-build pkg-config ccache
  # libraries (README, section "Dependencies", says what for)
  libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libboost-program-options-dev libdnnl-dev
  libonnx-dev libprotobuf-dev protobuf-compiler librandom123-dev zlib1g-dev libjpeg62-turbo-dev libpng-dev
  nlohmann-json3-dev libssl-dev libopenblas-pthread-dev libre2-dev pybind11-dev python3-dev
  # tests
  clang-14 libclang-rt-14-dev libomp-14-dev
  libgtest-dev libonnx-testdata clang-format-14 hdf5-tools python3
  slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge libfaketime
  # results in Python: summary, digest, contact sheet
  python3-h5py python3-numpy python3-pil
)

assume_yes=false
list_only=false
[[ -t 0 ]] || assume_yes=true
for option in "$@"; do
  case "$option" in
    --yes | -y) assume_yes=true ;;
    --train) packages+=(python3-torch dataset-fashion-mnist) ;;
    --bench) packages+=(python3-torch) ;;
    --bundle) packages+=(patchelf xz-utils) ;;
    --list) list_only=true ;;
    --help | -h) usage; exit 0 ;;
    *) echo "install_deps.sh: unknown option '$option' (no such option)." >&2; usage >&2; exit 2 ;;
  esac
done

if "$list_only"; then
  printf '%s\n' "${packages[@]}" | sort -u
  exit 0
fi

if ! command -v dpkg-query >/dev/null; then
  echo "install_deps.sh: dpkg-query was not found (this is not a Debian system). Install the equivalents of:" >&2
  printf '  %s\n' "${packages[@]}" >&2
  exit 1
fi

installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
  grep -qxF "installed $package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

sudo=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "install_deps.sh: not root, and there is no sudo (packages are missing: ${missing[*]})." \
         "Run it as root once." >&2
    exit 1
  fi
  sudo=(sudo)
fi

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
ask=()
if "$assume_yes"; then
  ask=(--yes)
  export DEBIAN_FRONTEND=noninteractive
fi
# sudo drops the environment; env passes on the one variable that matters.
apt=("${sudo[@]}" env DEBIAN_FRONTEND="${DEBIAN_FRONTEND:-}" apt-get -q)
"${apt[@]}" update
"${apt[@]}" install --no-install-recommends "${ask[@]}" "${missing[@]}"
