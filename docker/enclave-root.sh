#!/bin/sh
# docker/enclave-root.sh <folder>: makes the whole file system of the enclave's container. It contains Node with its libraries, the bundle,
# the stack's configuration, and empty folders on which nitro-cli's init mounts. It contains no shell and no package manager.
# The build stage of Dockerfile.nitro-enclave runs this script after the build of the bundle. STACK names the configuration.
set -eu
usage='usage: STACK=<name> sh docker/enclave-root.sh <folder>'
case ${1-} in
  -h | --help) echo "$usage" && exit 0 ;;
  '' | -*) echo "$usage" >&2 && exit 2 ;;
esac
folder=$1
case $(uname -m) in
  x86_64) architecture=x64 ;;
  aarch64) architecture=arm64 ;;
  *) echo "no Node for $(uname -m) in the lockfile" >&2; exit 1 ;;
esac
node=node_modules/node-linux-$architecture/bin/node

mkdir -p "$folder/app" "$folder/etc/communique-tee" "$folder/usr/bin"
for empty in dev proc run sys tmp var; do mkdir -p "$folder/$empty"; done
cp "$node" "$folder/usr/bin/node"
# Copies the libraries of Node and koffi to the paths where the loader searches them.
ldd "$node" dist/apps/enclave/koffi.node | sed -n 's#^[^/]*\(/[^ :]*\) (0x.*#\1#p' | sort -u | while read -r library; do
  mkdir -p "$folder$(dirname "$library")"
  cp -L "$library" "$folder$library"
done
cp dist/apps/enclave/main.js dist/apps/enclave/koffi.node "$folder/app/"
cp "apps/enclave/config/$STACK.json" "$folder/etc/communique-tee/enclave.json"

# Root owns all files. Times and modes do not depend on the builder.
find "$folder" -type d -exec chmod 0755 {} +
find "$folder" -type f -exec chmod 0444 {} +
chmod 0555 "$folder/usr/bin/node"
chmod 1777 "$folder/tmp"
find "$folder" -name 'ld-linux*' -exec chmod 0555 {} +
find "$folder" -exec touch -h -d @0 {} +
