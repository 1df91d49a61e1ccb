#!/usr/bin/env bash
# Start the built image as its own user and ask it whether it is ready. Usage: tools/image/try.sh [FOLDER of build.sh]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(realpath "${1:-.cache/image}")
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
store=(--root "$work/storage" --runroot "$work/run")
container=$(buildah "${store[@]}" from ra-cds-hooks)
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; buildah "${store[@]}" rm "$container" >/dev/null' EXIT
buildah "${store[@]}" run --user 10001:10001 --env RA_CDS_ALLOW_ANONYMOUS=1 "$container" -- \
  gunicorn --config=python:ra_cds_hooks.operation.server --bind=127.0.0.1:18097 --worker-tmp-dir=/dev/shm &
server=$!
for _ in $(seq 60); do
  if curl --silent --fail http://127.0.0.1:18097/readyz; then
    echo
    curl --silent --fail http://127.0.0.1:18097/cds-services | cut -c1-200
    echo
    exit 0
  fi
  sleep 0.5
done
echo "no answer within 30 s" >&2
exit 1
