# What is seen on a machine that has just booted, one fact a line; see boot.sh.
guard=bypass-ipvs.service
check() { /usr/libexec/keepalived/bypass-ipvs --keep-sessions --check "${1-192.168.3.100}"; }
held() { ip -brief address show dev eth0 | grep -c '192\.168\.3\.100/'; }
# wait_for SECONDS COMMAND...
wait_for() {
    tries=$(($1 * 10))
    shift
    until "$@" >/dev/null || [ "$tries" -eq 0 ]; do
        tries=$((tries - 1))
        sleep 0.1
    done
}

for unit in lvskit-settings.service "$guard" network.target keepalived.service; do
    echo "$unit $(systemctl show --value -p ActiveState "$unit")" \
        "$(systemctl show --value -p ActiveEnterTimestampMonotonic "$unit")"
done
echo "at boot: $(check)"
arp_ignore() { cat /proc/sys/net/ipv4/conf/all/arp_ignore; }
echo "at boot arp_ignore is $(arp_ignore)"

for unit in "$guard" bypass-ipvs@192.168.3.110.service; do
    pid=$(systemctl show --value -p MainPID "$unit")
    echo "watched by $(tr '\0' ' ' <"/proc/$pid/cmdline" | sed 's,.*/,,; s, $,,')"
done

nft flush ruleset
# Sooner than the watcher looks by itself, every 10 seconds.
wait_for 5 check
echo "after a flush: $(check)"

conf=/etc/keepalived/keepalived.conf
sed 's/\(notify_.* 192.168.3.100\)"/\1 192.168.3.120"/' $conf >$conf.new
mv $conf.new $conf
wait_for 5 check 192.168.3.120
echo "after a change of the file: $(check 192.168.3.120)"

pid=$(systemctl show --value -p MainPID "$guard")
echo "the watcher has $(grep CapEff "/proc/$pid/status" | cut -f 2)"

wait_for 20 held
echo "as MASTER the address is there: $(held)"
# All at once: a VRRP process that sees its parent die first takes the address off by itself.
systemctl kill --signal=STOP keepalived.service
systemctl kill --signal=KILL keepalived.service
wait_for 10 sh -c '! ip -brief address show dev eth0 | grep "192\.168\.3\.100/"'
echo "after a kill the address is there: $(held)"
wait_for 30 held
echo "after a while the address is there: $(held), keepalived is" \
    "$(systemctl show --value -p ActiveState keepalived.service)"
echo "at last: $(check)"

systemctl start lvskit-metrics.service
echo "the metrics: $(stat -c '%U %a' /var/lib/prometheus/node-exporter)," \
    "$(cd /var/lib/prometheus/node-exporter && stat -c '%n %U %a' ./* && grep '^lvskit_drained ' ./*)"

# One of the settings goes by keepalived.conf, which a reload may have changed.
echo 0 >/proc/sys/net/ipv4/conf/all/arp_ignore
systemctl reload keepalived.service
wait_for 5 sh -c '[ "$(cat /proc/sys/net/ipv4/conf/all/arp_ignore)" = 1 ]'
echo "after a reload arp_ignore is $(arp_ignore)"

# Another node, at the other end of the link.
ip netns add other
ip link set peer netns other
ip -n other address add 192.168.3.102/24 dev peer
ip -n other link set peer up
sed '/track_file/,/^ *}/d; /notify_/d; s/eth0/peer/; s/priority 100/priority 90/' $conf >/run/other.conf
ip netns exec other keepalived -n --vrrp -f /run/other.conf -p /run/other.pid -r /run/other-vrrp.pid >/run/other.log 2>&1 &
other() { ip -n other -brief address show dev peer | grep -c '192\.168\.3\.100/'; }
wait_for 10 test -s /run/other.pid
wait_for 20 held
word() { cat /run/keepalived-lvskit/drain; }
systemctl restart keepalived.service
wait_for 20 held
echo "after a restart the drain file says $(word), the address is there: $(held)"
lvskit drain --director >/dev/null
echo "before a drained restart: $([ "$(other)" = 1 ] && echo 192.168.3.102) holds it"
systemctl restart keepalived.service
sleep 6
echo "after a drained restart the drain file says $(word), the address is there: $(held)"
lvskit undrain >/dev/null
wait_for 20 held
echo "after undrain the drain file says $(word), the address is there: $(held)"
kill "$(cat /run/other.pid)"

one=bypass-ipvs@192.168.3.110.service
units() {
    echo "$1: $(systemctl is-active "$guard" "$one" | paste -sd ' ')," \
        "$(systemctl is-enabled "$guard" "$one" | paste -sd ' ')"
}
systemctl stop "$guard" "$one"
wait_for 5 sh -c '[ "$(systemctl is-active lvskit-settings.service)" = inactive ]'
echo "stopped, with guards in force, settings are" \
    "$(systemctl is-active lvskit-settings.service), arp_ignore is $(arp_ignore)"
systemctl start "$guard" "$one"
ours() { systemctl cat keepalived.service | grep -c lvskit; }
systemctl disable --quiet "$guard"
echo "with no unit enabled keepalived.service has $(ours) lines of ours"
systemctl enable --quiet "$guard" "$one"
sh /run/preun 1
units "after an upgrade of the package"
sh /run/preun 0
units "after its removal"
echo "after its removal: $(check), arp_ignore is $(arp_ignore)"
journalctl --no-pager -o cat -t bypass-ipvs | sed 's/^/journal: /'
journalctl --no-pager -o cat -t lvskit | sed 's/^/keepalived: /'
