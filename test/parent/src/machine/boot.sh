#!/bin/bash
# boot.sh <root> <disk> <data disk> <shared folder>: boots the root under systemd as PID 1 of a container. The system writes to the file
# <disk>, so that its disk can be full while this machine's is not; <data disk> holds the data volume. Both stay between two boots.
set -euo pipefail

root=$1 disk=$2 data=$3 shared=$4
mount --make-rprivate /
world=$(dirname "$disk")
mkdir -p "$world/mounted" "$world/root"
mount -o loop "$disk" "$world/mounted"
mkdir -p "$world/mounted/upper" "$world/mounted/work"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$world/mounted/upper,workdir=$world/mounted/work" "$world/root"

volume=$(losetup --find --show "$data")
trap 'losetup --detach "$volume"' EXIT
# If this machine's own systemd keeps to the old hierarchy of control groups, filters of addresses work only in the new one.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
# 133: the system asks for a reboot. With --keep-unit this is the caller's to do.
status=133
while ((status == 133)); do
  status=0
  systemd-nspawn --quiet --directory="$world/root" --machine="parent-$$" --register=no --keep-unit \
    --network-namespace-path=/proc/self/ns/net --capability=CAP_NET_ADMIN,CAP_BPF --system-call-filter=bpf --bind="$shared:/srv/world" --bind="$volume:/dev/data-volume" \
    --boot systemd.show_status=no || status=$?
done
