#!/bin/sh
# Boots systemd over a copy of this machine's files that nobody else sees, with our units installed, and
# nothing enabled but them and keepalived. Its network, processes, mounts and control groups are its own; of the
# kernel's settings it can change only those of its network. Starts inside `unshare --mount --net`.
# Usage: boot.sh REPOSITORY BYPASS-IPVS LVSKIT RESULT; RESULT gets what the observer saw. Exit code 77: can't be done here.
set -e
repository=$1 program=$2 lvskit=$3 result=$4
units=etc/systemd/system
libexec=/usr/libexec/keepalived

if [ "${5-}" != inside ]; then
    groups=$(mktemp -d)
    mount -t cgroup2 cgroup2 "$groups" || exit 77
    group=$groups$(sed -n 's/^0:://p' /proc/self/cgroup)/lvskit-boot-$$
    mkdir "$group" || exit 77
    (
        echo 0 >"$group/cgroup.procs" || exit 77
        exec timeout -s KILL 240 unshare --mount --pid --cgroup --ipc --uts --fork --kill-child \
            sh "$0" "$repository" "$program" "$lvskit" "$result" inside
    ) && status=0 || status=$?
    find "$group" -depth -type d -exec rmdir {} +
    # A machine that powers itself off ends by SIGINT, in the kernel's words.
    [ "$status" -eq 130 ] || exit "$status"
    exit 0
fi

ip link add eth0 type veth peer name peer
ip address add 192.168.3.101/24 dev eth0
ip link set eth0 up
ip link set peer up

layers=$(mktemp -d)
mount -t tmpfs tmpfs "$layers"
mkdir "$layers/upper" "$layers/work" "$layers/root"
mount -t overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" overlay "$layers/root"
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

# The package, and a cluster of this one node.
mkdir -p "./$libexec" etc/keepalived run/keepalived-lvskit
cp "$program" ".$libexec/bypass-ipvs"
cp "$lvskit" usr/bin/lvskit
filled() { sed "s|@LIBEXECDIR@|$libexec|; s|@BINDIR@|/usr/bin|; s|@DATADIR@|/usr/share|" "$repository/packaging/$1"; }
for unit in bypass-ipvs.service bypass-ipvs@.service lvskit-settings.service lvskit-metrics.service; do
    filled "systemd/$unit" >"$units/$unit"
done
# node_exporter's, which runs as a user of its own.
mkdir -p var/lib/prometheus/node-exporter
chown nobody: var/lib/prometheus/node-exporter
chmod 755 var/lib/prometheus/node-exporter
mkdir -p usr/share/lvskit usr/lib/systemd/system-generators
filled lvskit/keepalived.service.conf >usr/share/lvskit/keepalived.service.conf
filled systemd/system-generators/lvskit >usr/lib/systemd/system-generators/lvskit
chmod 755 usr/lib/systemd/system-generators/lvskit
cp "$repository/packaging/lvskit/sysctl.conf" usr/share/lvskit/
cat >etc/keepalived/keepalived.conf <<END
global_defs {
    enable_script_security
    script_user root
}
track_file lvskit_drain {
    file /run/keepalived-lvskit/drain
    weight 0
}
vrrp_instance mail_relay {
    state BACKUP
    interface eth0
    virtual_router_id 11
    priority 100
    advert_int 1
    virtual_ipaddress {
        192.168.3.100
    }
    track_file {
        lvskit_drain weight 0
    }
    notify_master "$libexec/bypass-ipvs --keep-sessions -r 192.168.3.100"
    notify_backup "$libexec/bypass-ipvs --keep-sessions -a 192.168.3.100"
}
END
# An address that no hook names, whose sessions are not kept, by the drop-in that the unit names.
mkdir "$units/bypass-ipvs@192.168.3.110.service.d"
printf '[Service]\nEnvironment=OPTIONS=\n' >"$units/bypass-ipvs@192.168.3.110.service.d/options.conf"
# The machine's own services stay out.
rm -rf "$units"/*.wants "$units"/*.requires
mkdir "$units/multi-user.target.wants"
ln -s ../bypass-ipvs.service "$units/multi-user.target.wants/"
cp "$repository/tests/guard/observer.sh" run/observer.sh
# What the RPM does when it is removed.
sed -n '/^%preun node$/,/^$/{//!p}' "$repository/packaging/rpm/lvskit.spec" |
    sed "s|%{_libexecdir}/keepalived|$libexec|g" >run/preun
cat >"$units/test.target" <<END
[Unit]
Wants=bypass-ipvs.service bypass-ipvs@192.168.3.110.service keepalived.service observer.service
END
cat >"$units/observer.service" <<END
[Unit]
Wants=network.target
After=bypass-ipvs.service bypass-ipvs@192.168.3.110.service keepalived.service network.target
[Service]
Type=oneshot
ExecStart=/bin/sh /run/observer.sh
StandardOutput=append:/run/result
StandardError=append:/run/result
ExecStopPost=/bin/systemctl poweroff --force --force
END

mkdir -p run/old
pivot_root . run/old
umount -l /run/old
exec env -i container=lvskit PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=test.target --log-target=journal --show-status=no
