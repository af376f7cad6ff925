#!/bin/sh
# on_rank.sh RANK WORK COMMAND...: runs COMMAND, on one rank of mpiexec after the shell has done WORK, in mounts of its own.
rank=$1 work=$2
shift 2
[ "$OMPI_COMM_WORLD_RANK" = "$rank" ] || exec "$@"
exec unshare --mount sh -c "$work"' || exit 99; exec "$@"' sh "$@"
