#!/usr/bin/env bash
# expect_failure.sh REGEX COMMAND...: passes when COMMAND fails and prints what matches REGEX.
set -uo pipefail
regex=$1
shift
output=$("$@" 2>&1)
status=$?
printf '%s\n' "$output"
if [[ $status -eq 0 ]]; then
  echo "expect_failure: the command succeeded"
  exit 1
fi
if ! grep -qE -- "$regex" <<<"$output"; then
  echo "expect_failure: exit status $status, but nothing printed matches: $regex"
  exit 1
fi
