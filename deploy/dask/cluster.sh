#!/usr/bin/env bash
# A Dask cluster on this machine, a weekly run on it, and everything ended again:
#   WORKERS=4 deploy/dask/cluster.sh --config /srv/aftersales/shops.toml
# What follows goes to `aftersales weekly`. On several machines start the scheduler on one and the workers on the others
# by the same two lines, or by the systemd units beside this folder.
set -euo pipefail

BIN=${BIN:-/opt/aftersales/.venv/bin}
WORKERS=${WORKERS:-2}
HOST=${HOST:-127.0.0.1}
PORT=${PORT:-8786}
SCRATCH=$(mktemp -d)

"$BIN/dask" scheduler --host "$HOST" --port "$PORT" --no-dashboard 2>"$SCRATCH/scheduler.log" &
scheduler=$!
# The workers need no key of the installation, and none of our settings.
env -u AFTERSALES_KEY "$BIN/dask" worker "tcp://$HOST:$PORT" --nworkers "$WORKERS" --nthreads 1 --memory-limit 0 \
  --no-dashboard --local-directory "$SCRATCH" 2>"$SCRATCH/workers.log" &
workers=$!
trap 'kill "$workers" 2>/dev/null; wait "$workers" 2>/dev/null; kill "$scheduler" 2>/dev/null; wait "$scheduler" 2>/dev/null; rm -rf "$SCRATCH"' EXIT

until (exec 3<>"/dev/tcp/$HOST/$PORT") 2>/dev/null; do
  kill -0 "$scheduler" 2>/dev/null || { cat "$SCRATCH/scheduler.log" >&2; exit 2; }
  sleep 0.2
done
"$BIN/aftersales" weekly --on dask --scheduler "tcp://$HOST:$PORT" "$@"
