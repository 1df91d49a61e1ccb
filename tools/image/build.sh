#!/usr/bin/env bash
# Build the image without a Docker engine: Debian's buildah with chroot isolation, on a base made by debootstrap.
# Needs root, and Debian's buildah and debootstrap. Usage: tools/image/build.sh [FOLDER for base and storage]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-.cache/image}
mkdir -p "$work"
work=$(realpath "$work")
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
store=(--root "$work/storage" --runroot "$work/run")

if [ ! -e "$work/rootfs/etc/debian_version" ]; then
  debootstrap --variant=minbase --include=python3,python3-venv,python-is-python3,ca-certificates bookworm "$work/rootfs"
fi
if ! buildah "${store[@]}" inspect --type image ra-cds-base >/dev/null 2>&1; then
  container=$(buildah "${store[@]}" from scratch)
  buildah "${store[@]}" add --quiet "$container" "$work/rootfs" / >/dev/null
  buildah "${store[@]}" commit --quiet "$container" ra-cds-base >/dev/null
  buildah "${store[@]}" rm "$container" >/dev/null
fi
# The certificates and the package index of this machine, where it has its own.
extra=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
if [ -d /usr/local/share/ca-certificates ]; then
  extra+=(--volume /usr/local/share/ca-certificates:/usr/local/share/ca-certificates:ro)
fi
buildah "${store[@]}" bud --build-arg BASE=localhost/ra-cds-base --format docker "${extra[@]}" -t ra-cds-hooks .
buildah "${store[@]}" inspect --type image --format '{{.FromImageID}} user={{.Docker.Config.User}}' ra-cds-hooks
