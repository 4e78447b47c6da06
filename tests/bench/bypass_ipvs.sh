#!/bin/bash
# The way of the public bypass_ipvs.sh, for comparison: look for the VIP in what iptables lists,
# then add or delete one rule. Usage: bypass_ipvs.sh add|del VIP
action=$1
vip=$2

count=$(iptables -t nat -L PREROUTING -n | grep -c -w "$vip")
case $action in
add)
    if [ "$count" -eq 0 ]; then
        iptables -t nat -A PREROUTING -d "$vip" -p tcp -j REDIRECT
    fi
    ;;
del)
    while [ "$count" -gt 0 ]; do
        iptables -t nat -D PREROUTING -d "$vip" -p tcp -j REDIRECT
        count=$((count - 1))
    done
    ;;
*)
    echo "usage: $0 add|del VIP" >&2
    exit 2
    ;;
esac
