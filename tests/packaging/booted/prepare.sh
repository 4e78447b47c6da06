#!/bin/sh
# Prepares a machine that is about to boot, see tests/common/boot.sh: a node of a cluster, with our packages in /debs,
# not yet installed.
# Usage: prepare.sh OBSERVER DEBS
set -e
cp "$1" run/observer.sh
mkdir debs
mount --bind "$2" debs
cat >etc/keepalived/keepalived.conf <<END
vrrp_instance mail_relay {
    state BACKUP
    interface eth0
    virtual_router_id 11
    priority 100
    advert_int 1
    virtual_ipaddress {
        192.168.3.100
    }
    notify_master "/usr/libexec/keepalived/bypass-ipvs --keep-sessions -r 192.168.3.100" root
    notify_backup "/usr/libexec/keepalived/bypass-ipvs --keep-sessions -a 192.168.3.100" root
}
END
