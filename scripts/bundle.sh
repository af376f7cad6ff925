#!/usr/bin/env bash
# Packs sonde, its GPU tests and every library they need beside glibc and NVIDIA's into one archive that runs where
# none of the packages is installed: unpack it anywhere, run bin/sonde. docs/gpu.md says how the CUDA libraries are found.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'EOF'
Usage: scripts/bundle.sh [--preset cuda|release] [--build FOLDER] [--out FILE.tar.xz]
  --preset  what to build and pack (cuda; release is the same without a GPU)
  --build   pack this build folder as it is, and build nothing
  --out     the archive (sonde-VERSION-PRESET.tar.xz)
EOF
}

preset=cuda build= out=
while [[ $# -gt 0 ]]; do
  case "$1" in
    --preset) preset=$2; shift 2 ;;
    --build) build=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) echo "bundle.sh: unknown option '$1' (no such option)." >&2; usage >&2; exit 2 ;;
  esac
done
scripts/install_deps.sh --yes --bundle
programs=(sonde tests/device/test_device tests/backend/test_backend tests/comm/test_device_comm)
[[ $preset != cuda ]] || programs+=(tests/bench/bench_device{,_passes} tests/bench/bench_unit_table)
if [[ -z $build ]]; then
  build=build/$preset
  scripts/build.sh "$preset" "${programs[@]##*/}"
fi
version=$("$build/sonde" --version | cut -d' ' -f2)
out=${out:-sonde-$version-$preset.tar.xz}
name=sonde-$version-$preset

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/$name
mkdir -p "$root"/{bin,libexec,lib/openmpi,lib/pmix,share/openmpi,share/pmix,share/sonde}

# Programs, and the launcher.
for program in "${programs[@]}"; do install -s -m 755 "$build/$program" "$root/libexec/"; done
for program in orterun orted h5diff; do install -m 755 "$(readlink -f "$(command -v $program)")" "$root/libexec/$program"; done
# What Open MPI and PMIx load at run time.
path_of() { ompi_info --parsable --path "$1" | cut -d: -f3; }
cp "$(path_of pkglibdir)"/*.so "$root/lib/openmpi/"
cp "$(path_of pkgdatadir)"/*.txt "$root/share/openmpi/"
pmix=$(dirname "$(readlink -f "$(ldconfig -p | awk '/libpmix.so.2/ {print $NF; exit}')")")
[[ -d $pmix/pmix ]] || pmix=$(dirname "$(find /usr/lib -type d -path '*pmix*/lib/pmix' | head -n 1)")
cp "$pmix"/pmix/*.so "$root/lib/pmix/"
cp -r scripts/sonde_results.py scripts/result_digest.py scripts/contact_sheet.py jobs inputs "$root/share/sonde/"
# Benchmarks, where a Python can run them, find each other as in the source tree.
mkdir -p "$root"/share/sonde/{scripts,tests/bench}
cp scripts/{train_sql_lstm,sql_grammar}.py "$root/share/sonde/scripts/"
cp tests/bench/{bench_generate,bench_inspect,torch_on}.py "$root/share/sonde/tests/bench/"
cp scripts/run_gpu_tests.sh README.md LICENSE docs/gpu.md "$root/"

# Left out: glibc, which belongs to the kernel's host, and NVIDIA's, which belong to its driver and cannot be passed on.
left_out='^(ld-linux.*|lib(c|m|dl|rt|pthread|util|resolv|anl|nsl)\.so.*|lib(cuda|cudart|cublas|cublasLt|cudnn|nccl|nvrtc|nvidia-ml)[^a-z].*)$'
find "$root" -type f \( -name '*.so*' -o -path '*/libexec/*' \) -print0 |
  LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-} xargs -0 ldd 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}' | sort -u |
  while read -r soname file; do
    [[ $soname =~ $left_out ]] || install -m 644 "$(readlink -f "$file")" "$root/lib/$soname"
  done
for file in "$root"/libexec/*; do patchelf --force-rpath --set-rpath '$ORIGIN/../lib' "$file"; done
for file in "$root"/lib/*.so*; do patchelf --force-rpath --set-rpath '$ORIGIN' "$file"; done
for file in "$root"/lib/openmpi/*.so "$root"/lib/pmix/*.so; do patchelf --force-rpath --set-rpath '$ORIGIN/..' "$file"; done
strip --strip-unneeded "$root"/lib/*.so* "$root"/lib/*/*.so 2>/dev/null || true

# Wrappers: they tell Open MPI where it is now, and the loader where NVIDIA's libraries are.
cat >"$root/libexec/environment.sh" <<'EOF'
# Sourced by the wrappers in bin/; `bundle` is the unpacked folder.
export OPAL_PREFIX=$bundle OPAL_BINDIR=$bundle/libexec OPAL_LIBDIR=$bundle/lib OPAL_PKGLIBDIR=$bundle/lib/openmpi
export OPAL_PKGDATADIR=$bundle/share/openmpi OPAL_DATADIR=$bundle/share OPAL_SYSCONFDIR=$bundle/share
export PMIX_INSTALL_PREFIX=$bundle PMIX_LIBDIR=$bundle/lib PMIX_PKGLIBDIR=$bundle/lib/pmix PMIX_DATADIR=$bundle/share
# Open MPI refuses to start on one node without a way to others.
command -v ssh >/dev/null || export OMPI_MCA_plm=${OMPI_MCA_plm:-isolated}
# SONDE_CUDA_LIBRARIES: folders with cuDNN, cuBLAS and NCCL, separated by colons, where the loader does not know them.
if [ -n "${SONDE_CUDA_LIBRARIES:-}" ]; then
  export LD_LIBRARY_PATH=$SONDE_CUDA_LIBRARIES${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
EOF
wrapper() {
  cat >"$root/bin/$1" <<EOF
#!/bin/sh
bundle=\$(cd "\$(dirname "\$(readlink -f "\$0")")/.." && pwd)
. "\$bundle/libexec/environment.sh"
exec "\$bundle/libexec/$2" "\$@"
EOF
  chmod 755 "$root/bin/$1"
}
wrapper sonde sonde
wrapper mpirun orterun

tar -C "$stage" -c "$name" | xz -T0 -6 >"$out"
echo "$out: $(du -h --apparent-size "$out" | cut -f1), unpacked $(du -sh "$root" | cut -f1)"
