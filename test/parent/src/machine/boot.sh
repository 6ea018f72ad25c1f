#!/bin/bash
# boot.sh <root> <disk> <data disk> <shared folder>: boots the root file system in a container, with systemd as PID 1. The system writes to
# the file <disk>, so that its disk can be full while the host's is not; <data disk> is the data volume. Both files are kept between two
# boots.
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
# systemd's IP address filters work only with cgroup v2, and the host's systemd may use v1.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
# Exit code 133 means that the system wants to reboot. With --keep-unit this script must boot it again.
status=133
while ((status == 133)); do
  status=0
  systemd-nspawn --quiet --directory="$world/root" --machine="parent-$$" --register=no --keep-unit \
    --network-namespace-path=/proc/self/ns/net --capability=CAP_NET_ADMIN,CAP_BPF --system-call-filter=bpf --bind="$shared:/srv/world" --bind="$volume:/dev/data-volume" \
    --boot systemd.show_status=no || status=$?
done
