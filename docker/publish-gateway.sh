#!/bin/sh
# docker/publish-gateway.sh <repository>:<tag>: builds the gateway's container for x86-64 and pushes it to Amazon ECR, unless the tag exists
# there. CodeBuild runs this script (infra/src/components/image-build.ts). If docker/base-images.env has no digest of Node's image, the
# script prints NOT BUILT and ends, because a tag does not identify the base image.
set -eu
usage='usage: sh docker/publish-gateway.sh <repository>:<tag>'
case ${1-} in
  -h | --help) echo "$usage" && exit 0 ;;
  '' | -*) echo "$usage" >&2 && exit 2 ;;
esac
target=$1
cd "$(dirname "$0")/.."
. docker/base-images.env

case $NODE_IMAGE in
  *@sha256:*) ;;
  *)
    echo 'NOT BUILT: the container of the gateway: docker/base-images.env has no digest. Run sh docker/pin-base-images.sh and commit the file.'
    exit 0
    ;;
esac
aws ecr get-login-password | docker login --username AWS --password-stdin "${target%%/*}"
if docker manifest inspect "$target" > /dev/null 2>&1; then
  echo "$target already exists"
  exit 0
fi
docker build --platform linux/amd64 --file docker/Dockerfile.gateway --target gateway --build-arg NODE_IMAGE="$NODE_IMAGE" --tag "$target" .
docker push "$target"
