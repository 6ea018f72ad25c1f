#!/bin/sh
# docker/pin-base-images.sh: writes the digests of the base images into docker/base-images.env.
#   sh docker/pin-base-images.sh            gets missing digests from the registry
#   sh docker/pin-base-images.sh --update   gets all digests again
#   sh docker/pin-base-images.sh --check    sends no request. Its exit code is 1 if a digest is missing
set -eu
usage='usage: sh docker/pin-base-images.sh [--update | --check]'
mode=${1-}
case $mode in
  '' | --update | --check) ;;
  -h | --help) echo "$usage" && exit 0 ;;
  *) echo "$usage" >&2 && exit 2 ;;
esac
file=$(dirname "$0")/base-images.env

if [ "$mode" = --check ]; then
  unpinned=$(grep -v '^#' "$file" | grep -Ev '@sha256:[0-9a-f]{64}$' || true)
  [ -z "$unpinned" ] && exit 0
  printf 'without a digest in docker/base-images.env:\n%s\nRun sh docker/pin-base-images.sh on a machine that can reach the registry, and commit the file.\n' "$unpinned" >&2
  exit 1
fi

pinned=$(mktemp)
trap 'rm -f "$pinned"' EXIT
while IFS= read -r line; do
  case $line in
    '#'* | '') ;;
    *@sha256:*) [ "$mode" != --update ] || line=${line%@*} ;;
  esac
  case $line in
    '#'* | '' | *@sha256:*) ;;
    *)
      # Reads the digest of the index, which lists an image for each architecture.
      digest=$(docker buildx imagetools inspect "${line#*=}" --format '{{.Manifest.Digest}}' < /dev/null)
      if ! printf '%s\n' "$digest" | grep -Eqx 'sha256:[0-9a-f]{64}'; then
        echo "the registry gave no digest for ${line#*=}" >&2
        exit 1
      fi
      line=$line@$digest
      echo "$line"
      ;;
  esac
  printf '%s\n' "$line" >> "$pinned"
done < "$file"
cat "$pinned" > "$file"
