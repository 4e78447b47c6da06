#!/bin/sh
# Boots systemd over a copy of the files below LOWER that nobody else sees. Its network, processes, mounts and control
# groups are its own; of the kernel's settings it can change only those of its network. Starts inside
# `unshare --mount --net`.
#
# Usage: boot.sh LOWER RESULT PREPARE ARGUMENT...
# PREPARE runs before the boot, with ARGUMENT..., in the folder that becomes the root: it makes run/observer.sh, which
# runs at the end of the boot, and whose output RESULT gets; then the machine is switched off. Exit code 77: can't be done here.
set -e
lower=$1 result=$2 prepare=$3
units=etc/systemd/system

if [ "${LVSKIT_BOOT-}" != inside ]; then
    groups=$(mktemp -d)
    mount -t cgroup2 cgroup2 "$groups" || exit 77
    group=$groups$(sed -n 's/^0:://p' /proc/self/cgroup)/lvskit-boot-$$
    mkdir "$group" || exit 77
    (
        echo 0 >"$group/cgroup.procs" || exit 77
        LVSKIT_BOOT=inside exec timeout -s KILL 240 unshare --mount --pid --cgroup --ipc --uts --fork --kill-child sh "$0" "$@"
    ) && status=0 || status=$?
    find "$group" -depth -type d -exec rmdir {} +
    # A machine that powers itself off ends by SIGINT, in the kernel's words.
    [ "$status" -eq 130 ] || exit "$status"
    exit 0
fi
shift 3

ip link add eth0 type veth peer name peer
ip address add 192.168.3.101/24 dev eth0
ip link set eth0 up
ip link set peer up

layers=$(mktemp -d)
mount -t tmpfs tmpfs "$layers"
mkdir "$layers/upper" "$layers/work" "$layers/root"
mount -t overlay -o "lowerdir=$lower,upperdir=$layers/upper,workdir=$layers/work" overlay "$layers/root"
cd "$layers/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
touch run/result
mount --bind "$result" run/result

mkdir -p "$units"
# The machine's own services stay out.
rm -rf "$units"/*.wants "$units"/*.requires
printf '[Unit]\nWants=observer.service\n' >"$units/test.target"
cat >"$units/observer.service" <<END
[Service]
Type=oneshot
ExecStart=/bin/sh /run/observer.sh
StandardOutput=append:/run/result
StandardError=append:/run/result
ExecStopPost=/bin/sh -c 'systemctl poweroff --force --force >/dev/null 2>&1'
END
sh "$prepare" "$@"

mkdir -p run/old
pivot_root . run/old
umount -l /run/old
exec env -i container=lvskit PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=test.target --log-target=journal --show-status=no
