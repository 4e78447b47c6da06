#!/bin/sh
# Rendered by `lvskit gen-conf --firewall firewalld` for server02.domain.ru: change the inventory,
# not this file. Run it as root with `sh`; again does no harm. It is for the default zone:
# where the nodes' interface is in another, add --zone=ZONE to the lines with --add-rich-rule,
# --add-protocol and --add-port.
set -e

# VRRP, from the other nodes
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="192.168.3.101" destination address="224.0.0.18" protocol value="112" accept'
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="192.168.3.103" destination address="224.0.0.18" protocol value="112" accept'
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="192.168.3.104" destination address="224.0.0.18" protocol value="112" accept'

# IPVS's sync daemon, from the other nodes
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="192.168.3.101" destination address="224.0.0.81" port port="8848" protocol="udp" accept'
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="192.168.3.103" destination address="224.0.0.81" port port="8848" protocol="udp" accept'
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="192.168.3.104" destination address="224.0.0.81" port port="8848" protocol="udp" accept'

# Clients, and the other nodes' checks
firewall-cmd --permanent --add-port=25/tcp

firewall-cmd --reload
