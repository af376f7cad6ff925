#!/usr/bin/env bash
# Formats every C++ source in place with the version of clang-format that the style test checks with.
set -euo pipefail
cd "$(dirname "$0")/.."
find src tests \( -name '*.hpp' -o -name '*.cpp' -o -name '*.cu' \) -print0 | xargs -0 clang-format-14 -i
