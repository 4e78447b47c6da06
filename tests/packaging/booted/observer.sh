# What becomes of a node whose packages come, are upgraded and go, one fact a line; see booted.rs.
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
guard=bypass-ipvs.service
check() { /usr/libexec/keepalived/bypass-ipvs --keep-sessions --check 192.168.3.100; }
state() {
    enabled=$(systemctl is-enabled "$1" 2>/dev/null || true)
    [ "$enabled" = not-found ] && enabled=
    echo "${enabled:-gone} $(systemctl is-active "$1" || true)"
}
arp_ignore() { cat /proc/sys/net/ipv4/conf/all/arp_ignore; }
tables() { [ -n "$(nft list tables)" ] && echo tables || echo "no table"; }
process() { systemctl show --value -p MainPID "$1"; }
tell() { echo "$1: guard $(state "$guard"), settings $(state lvskit-settings.service), arp_ignore $(arp_ignore), $(tables)"; }

systemctl start keepalived.service
keepalived=$(process keepalived.service)

dpkg -i /debs/*.deb >/run/dpkg.log 2>&1 || cat /run/dpkg.log
tell installed
systemctl enable --now "$guard" 2>/dev/null
tell enabled
echo "enabled: $(check)"
first=$(process "$guard")

touch /run/looking
while [ -e /run/looking ]; do
    check >/dev/null || echo gap
    echo look
    sleep 0.05
done >/run/looks 2>&1 &
dpkg -i /debs/next/*.deb >/run/dpkg.log 2>&1 || cat /run/dpkg.log
rm /run/looking
wait
tell upgraded
[ "$(process "$guard")" != "$first" ] && echo "upgraded: another watcher"
[ "$(grep -c look /run/looks)" -gt 3 ] && echo "upgraded: $(grep -c gap /run/looks) gaps"

# A removal takes away what is in force, and a purge what is left.
dpkg --remove lvskit-node >/run/dpkg.log 2>&1 || cat /run/dpkg.log
tell removed
dpkg --purge lvskit-node lvskit >/run/dpkg.log 2>&1 || cat /run/dpkg.log
tell purged
echo "purged: $(find /etc /run /usr/lib/systemd /usr/lib/tmpfiles.d \( -name '*bypass*' -o -name '*lvskit*' \) | grep -cv '^/run/systemd/transient') files of units"
[ "$(process keepalived.service)" = "$keepalived" ] && echo "keepalived: $(systemctl is-active keepalived.service), the same process"
