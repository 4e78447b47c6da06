#!/bin/sh
# Prepares a machine that is about to boot, see tests/common/boot.sh: with our units installed, and nothing enabled but
# them and keepalived.
# Usage: boot.sh REPOSITORY BYPASS-IPVS LVSKIT
set -e
repository=$1 program=$2 lvskit=$3
units=etc/systemd/system
libexec=/usr/libexec/keepalived

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
mkdir "$units/observer.service.d"
cat >"$units/observer.service.d/last.conf" <<END
[Unit]
Wants=network.target
After=bypass-ipvs.service bypass-ipvs@192.168.3.110.service keepalived.service network.target
END
