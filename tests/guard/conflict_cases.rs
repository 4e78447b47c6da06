//! Rules that others make, and what is to be found in them: those of Docker and podman as their programs
//! write them, of Kubernetes, ufw and of people. The guard's service is tcp/2525, eth0 the interface.

/// The program that reads a case's rules.
#[derive(Debug, Clone, Copy)]
pub enum Tool {
    Nft,
    Iptables,
    Ip6tables,
}

use Tool::{Ip6tables, Iptables, Nft};

pub struct Case {
    pub name: &'static str,
    pub tool: Tool,
    pub rules: &'static str,
    /// What is found for the IPv4 VIP, and for the IPv6 one.
    pub v4: &'static [&'static str],
    pub v6: &'static [&'static str],
}

const NONE: &[&str] = &[];
const TAKEN: &[&str] = &["error port-taken"];
const MAY_TAKE: &[&str] = &["warning port-taken"];
const NOTRACK: &[&str] = &["error notrack"];
const EARLIER: &[&str] = &["error earlier-chain"];
const MAY_EARLIER: &[&str] = &["warning earlier-chain"];

const fn case(
    name: &'static str,
    tool: Tool,
    rules: &'static str,
    v4: &'static [&'static str],
    v6: &'static [&'static str],
) -> Case {
    Case { name, tool, rules, v4, v6 }
}

/// What Docker 28 makes with iptables; PORTS are those of published ports.
macro_rules! docker {
    ($ports:literal) => {
        concat!(
            "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n",
            "-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP\n",
            "-A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 2525 -j DROP\nCOMMIT\n",
            "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n",
            ":POSTROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n",
            "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n",
            "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER\n",
            "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n",
            $ports,
            "COMMIT\n",
            "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n",
            ":DOCKER - [0:0]\n:DOCKER-FORWARD - [0:0]\n:DOCKER-USER - [0:0]\n",
            "-A FORWARD -j DOCKER-USER\n-A FORWARD -j DOCKER-FORWARD\n",
            "-A DOCKER ! -i docker0 -o docker0 -j DROP\nCOMMIT\n"
        )
    };
}

/// What podman's netavark makes with nftables; PORTS are those of published ports.
macro_rules! netavark {
    ($ports:literal) => {
        concat!(
            "table inet netavark {\n",
            "chain INPUT { type filter hook input priority filter; policy accept; }\n",
            "chain FORWARD { type filter hook forward priority filter; policy accept; ct state invalid drop; }\n",
            "chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept;\n",
            " meta mark and 0x2000 == 0x2000 masquerade; }\n",
            "chain NETAVARK-HOSTPORT-SETMARK { meta mark set meta mark or 0x2000; }\n",
            "chain nv_2f259bab_10_88_0_0_nm16_dnat {\n",
            $ports,
            "}\n",
            "chain NETAVARK-HOSTPORT-DNAT {\n",
            " meta l4proto tcp jump nv_2f259bab_10_88_0_0_nm16_dnat;\n}\n",
            "chain PREROUTING { type nat hook prerouting priority dstnat; policy accept;\n",
            " fib daddr type local jump NETAVARK-HOSTPORT-DNAT; }\n",
            "chain OUTPUT { type nat hook output priority -100; policy accept;\n",
            " fib daddr type local jump NETAVARK-HOSTPORT-DNAT; }\n}\n"
        )
    };
}

pub const CASES: &[Case] = &[
    case("nothing", Nft, "", NONE, NONE),
    case("docker, nothing published", Iptables, docker!(""), NONE, NONE),
    case(
        "docker, the port published",
        Iptables,
        docker!(
            "-A DOCKER -i docker0 -j RETURN\n-A DOCKER ! -i docker0 -p tcp -m tcp --dport 2525 -j DNAT --to-destination 172.17.0.2:25\n"
        ),
        TAKEN,
        NONE,
    ),
    case(
        "docker, another port published",
        Iptables,
        docker!(
            "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:2525\n"
        ),
        NONE,
        NONE,
    ),
    case(
        "docker, published for UDP",
        Iptables,
        docker!(
            "-A DOCKER ! -i docker0 -p udp -m udp --dport 2525 -j DNAT --to-destination 172.17.0.2:2525\n"
        ),
        NONE,
        NONE,
    ),
    case(
        "docker, published on the node's own address",
        Iptables,
        docker!(
            "-A DOCKER -d 192.168.3.102/32 ! -i docker0 -p tcp -m tcp --dport 2525 -j DNAT --to-destination 172.17.0.2:25\n"
        ),
        NONE,
        NONE,
    ),
    case(
        "docker, published on the VIP",
        Iptables,
        docker!(
            "-A DOCKER -d 192.168.3.100/32 ! -i docker0 -p tcp -m tcp --dport 2525 -j DNAT --to-destination 172.17.0.2:25\n"
        ),
        TAKEN,
        NONE,
    ),
    case(
        "docker in IPv6",
        Ip6tables,
        "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:DOCKER - [0:0]\n\
         -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n\
         -A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER\n\
         -A DOCKER ! -i docker0 -p tcp -m tcp --dport 2525 -j DNAT --to-destination [fd00:17::2]:25\nCOMMIT\n",
        NONE,
        TAKEN,
    ),
    case(
        "docker with nftables",
        Nft,
        "table ip docker-bridges {\n\
         chain nat-prerouting-and-output { iifname != \"docker0\" tcp dport 2525 counter dnat to 172.17.0.2:25 comment \"DNAT\"; }\n\
         chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept;\n\
          fib daddr type local counter jump nat-prerouting-and-output; }\n\
         chain nat-output { type nat hook output priority -100; policy accept;\n\
          ip daddr != 127.0.0.0/8 fib daddr type local counter jump nat-prerouting-and-output; }\n\
         chain raw-PREROUTING { type filter hook prerouting priority raw; policy accept;\n\
          ip daddr 172.17.0.2 iifname != \"docker0\" counter drop; }\n}\n",
        TAKEN,
        NONE,
    ),
    case(
        "podman with nftables, both families",
        Nft,
        netavark!(
            " ip saddr 10.88.0.0/16 tcp dport 2525 jump NETAVARK-HOSTPORT-SETMARK;\n tcp dport 2525 dnat ip to 10.88.0.2:25;\n ip6 saddr fd00:88::/64 tcp dport 2525 jump NETAVARK-HOSTPORT-SETMARK;\n tcp dport 2525 dnat ip6 to [fd00:88::2]:25;\n"
        ),
        TAKEN,
        TAKEN,
    ),
    case(
        "podman with nftables, IPv4 only",
        Nft,
        netavark!(" ip daddr != 127.0.0.1 tcp dport 2525 dnat ip to 10.88.0.2:25;\n"),
        TAKEN,
        NONE,
    ),
    case(
        "podman with nftables, another port",
        Nft,
        netavark!(" tcp dport 8080 dnat ip to 10.88.0.2:2525;\n"),
        NONE,
        NONE,
    ),
    case(
        "podman with iptables",
        Iptables,
        "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:NETAVARK-HOSTPORT-DNAT - [0:0]\n\
         :NETAVARK-HOSTPORT-SETMARK - [0:0]\n:NETAVARK-DN-1D8721804F16F - [0:0]\n\
         -A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT\n\
         -A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT\n\
         -A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 2525 -m comment --comment \"dnat name: podman id: 5e07\" -j NETAVARK-DN-1D8721804F16F\n\
         -A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000\n\
         -A NETAVARK-DN-1D8721804F16F -s 10.88.0.0/16 -p tcp -m tcp --dport 2525 -j NETAVARK-HOSTPORT-SETMARK\n\
         -A NETAVARK-DN-1D8721804F16F -p tcp -m tcp --dport 2525 -j DNAT --to-destination 10.88.0.2:25\nCOMMIT\n",
        TAKEN,
        NONE,
    ),
    case(
        "the rule of bypass_ipvs.py",
        Iptables,
        "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.168.3.100/32 -p tcp -j REDIRECT\nCOMMIT\n",
        TAKEN,
        NONE,
    ),
    case(
        "the rule of bypass_ipvs.py for another VIP",
        Iptables,
        "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.168.3.10/32 -p tcp -j REDIRECT\nCOMMIT\n",
        NONE,
        NONE,
    ),
    case(
        "ports of both families, and a subnet",
        Nft,
        "table inet t { chain p { type nat hook prerouting priority 0;\n\
         ip daddr 192.168.3.0/24 tcp dport 2500-2600 redirect to :25\n\
         ip6 daddr fd00:3::/64 tcp dport { 25, 2525 } redirect to :25\n}; }",
        TAKEN,
        TAKEN,
    ),
    case(
        "other subnets and ports",
        Nft,
        "table inet t { chain p { type nat hook prerouting priority 0;\n\
         ip daddr 192.168.4.0/24 tcp dport 2500-2600 redirect to :25\n\
         ip daddr != 192.168.3.100 tcp dport 2525 redirect to :25\n\
         ip6 daddr fd00:4::/64 tcp dport { 25, 2525 } redirect to :25\n\
         tcp dport != 1-3000 redirect to :25\n\
         tcp dport < 2525 redirect to :25\n}; }",
        NONE,
        NONE,
    ),
    case(
        "some clients only",
        Nft,
        "table inet t { set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }\n\
         chain p { type nat hook prerouting priority -105;\n\
         ip saddr @s tcp dport 2525 dnat ip to 10.0.0.2\n\
         meta mark 1 ip6 daddr fd00:3::100 redirect\n}; }",
        MAY_TAKE,
        MAY_TAKE,
    ),
    case(
        "what leaves the chain before",
        Nft,
        "table inet t { chain s { tcp dport 2525 accept; }; chain r { tcp dport 2525 return; meta l4proto tcp redirect; }\n\
         chain p { type nat hook prerouting priority -105; iifname \"eth0\" goto r; redirect; }\n\
         chain q { type nat hook prerouting priority -104; jump s; meta l4proto tcp redirect; }; }",
        NONE,
        NONE,
    ),
    case(
        "what comes by another interface",
        Nft,
        "table inet t { chain p { type nat hook prerouting priority -105;\n\
         iifname != \"eth0\" redirect\n iifname \"eth1\" redirect\n iif lo redirect\n}; }",
        NONE,
        NONE,
    ),
    case(
        "a dormant table",
        Nft,
        "table ip t { flags dormant; chain p { type nat hook prerouting priority -105; redirect; }; }",
        NONE,
        NONE,
    ),
    case(
        "kube-proxy with nftables, the VIP an external address",
        Nft,
        "table ip kube-proxy {\n\
         chain endpoint { meta l4proto tcp dnat to 10.244.0.5:25; }\n\
         chain external { counter numgen random mod 2 vmap { 0 : goto endpoint, 1 : goto endpoint }; }\n\
         map service-ips { type ipv4_addr . inet_proto . inet_service : verdict;\n\
          elements = { 10.96.0.1 . tcp . 443 : goto endpoint, 192.168.3.100 . tcp . 2525 : goto endpoint }; }\n\
         map service-nodeports { type inet_proto . inet_service : verdict; elements = { tcp . 30025 : goto external }; }\n\
         chain services { ip daddr . meta l4proto . th dport vmap @service-ips\n\
          fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @service-nodeports; }\n\
         chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }\n\
         chain nat-output { type nat hook output priority -100; policy accept; jump services; }\n}\n",
        TAKEN,
        NONE,
    ),
    case(
        "kube-proxy with nftables, other services",
        Nft,
        "table ip kube-proxy {\n\
         chain endpoint { meta l4proto tcp dnat to 10.244.0.5:2525; }\n\
         map service-ips { type ipv4_addr . inet_proto . inet_service : verdict;\n\
          elements = { 10.96.0.1 . tcp . 2525 : goto endpoint, 192.168.3.100 . tcp . 443 : goto endpoint }; }\n\
         chain services { ip daddr . meta l4proto . th dport vmap @service-ips; }\n\
         chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }\n}\n",
        NONE,
        NONE,
    ),
    case(
        "kube-proxy with iptables",
        Iptables,
        "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n:KUBE-SVC-A - [0:0]\n\
         :KUBE-SEP-1 - [0:0]\n:KUBE-SEP-2 - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n\
         -A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n\
         -A OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n\
         -A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j KUBE-SVC-A\n\
         -A KUBE-SERVICES -d 192.168.3.100/32 -p tcp -m tcp --dport 2525 -j KUBE-SVC-A\n\
         -A KUBE-SVC-A -m statistic --mode random --probability 0.5 -j KUBE-SEP-1\n\
         -A KUBE-SVC-A -j KUBE-SEP-2\n\
         -A KUBE-SEP-1 -s 10.244.0.5/32 -j KUBE-MARK-MASQ\n\
         -A KUBE-SEP-1 -p tcp -m tcp -j DNAT --to-destination 10.244.0.5:25\n\
         -A KUBE-SEP-2 -p tcp -m tcp -j DNAT --to-destination 10.244.0.6:25\n\
         -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\nCOMMIT\n",
        // The first of two endpoints by lot, the second otherwise.
        &["error port-taken", "warning port-taken"],
        NONE,
    ),
    case(
        "NOTRACK of iptables",
        Iptables,
        "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m multiport --dports 25,2520:2530 -j CT --notrack\nCOMMIT\n",
        NOTRACK,
        NONE,
    ),
    case(
        "NOTRACK of other ports and in the other direction",
        Iptables,
        "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n\
         -A PREROUTING -p tcp -m multiport --dports 25,465 -j CT --notrack\n\
         -A PREROUTING -p udp -m udp --dport 2525 -j CT --notrack\n\
         -A PREROUTING -p tcp -m tcp --dport 2525 -j CT --helper ftp\n\
         -A OUTPUT -p tcp -m tcp --sport 2525 -j CT --notrack\nCOMMIT\n",
        NONE,
        NONE,
    ),
    case(
        "NOTRACK where the VIP is held only",
        Iptables,
        "*raw\n:PREROUTING ACCEPT [0:0]\n\
         -A PREROUTING -d 192.168.3.100/32 -p tcp -m tcp --dport 2525 -m addrtype --dst-type LOCAL --limit-iface-in -j CT --notrack\nCOMMIT\n",
        NONE,
        NONE,
    ),
    case(
        "notrack of nft",
        Nft,
        "table inet t { chain p { type filter hook prerouting priority raw;\n\
         ip6 saddr fd00::/8 accept\n udp dport { 53, 123 } notrack\n tcp dport 2525 notrack\n}; }",
        NOTRACK,
        // Those of one subnet pass.
        &["warning notrack"],
    ),
    case(
        "notrack where it comes too late",
        Nft,
        "table inet t { chain p { type filter hook prerouting priority -150; tcp dport 2525 notrack; }; }",
        NONE,
        NONE,
    ),
    case(
        "a firewall that drops before routing",
        Nft,
        "table inet t { chain p { type filter hook prerouting priority -150; policy drop;\n\
         ct state established,related accept\n ip daddr 192.168.3.102 accept\n tcp dport 22 accept\n\
         ip6 daddr fd00:3::100 tcp dport 2525 ct state new accept\n}; }",
        EARLIER,
        NONE,
    ),
    case(
        "a firewall that drops some",
        Nft,
        "table inet t { set blocked { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }\n\
         chain p { type filter hook prerouting priority -300;\n\
         fib saddr . iif oif missing drop\n ip saddr @blocked drop\n ct state invalid drop\n\
         tcp flags & (fin|syn) == fin|syn drop\n ip frag-off & 0x1fff != 0 drop\n\
         tcp dport 2525 ct state new limit rate over 100/second drop\n\
         iifname \"eth1\" drop\n ip daddr 10.1.2.3 drop\n}; }",
        NONE,
        NONE,
    ),
    case(
        "ufw",
        Iptables,
        "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:ufw-before-input - [0:0]\n\
         :ufw-user-input - [0:0]\n:ufw-not-local - [0:0]\n\
         -A INPUT -j ufw-before-input\n\
         -A ufw-before-input -i lo -j ACCEPT\n\
         -A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n\
         -A ufw-before-input -m conntrack --ctstate INVALID -j DROP\n\
         -A ufw-before-input -j ufw-not-local\n\
         -A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN\n\
         -A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN\n-A ufw-not-local -j DROP\n\
         -A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n\
         *nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i eth1 -p tcp -m tcp --dport 2525 -j REDIRECT --to-ports 25\nCOMMIT\n",
        NONE,
        NONE,
    ),
    case(
        "a transparent proxy",
        Iptables,
        "*mangle\n:PREROUTING ACCEPT [0:0]\n\
         -A PREROUTING -p tcp -m tcp --dport 2525 -j TPROXY --on-port 50025 --on-ip 127.0.0.1 --tproxy-mark 0x1/0x1\nCOMMIT\n",
        EARLIER,
        NONE,
    ),
    case(
        "a transparent proxy of another port",
        Iptables,
        "*mangle\n:PREROUTING ACCEPT [0:0]\n\
         -A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 50025 --on-ip 127.0.0.1 --tproxy-mark 0x1/0x1\nCOMMIT\n",
        NONE,
        NONE,
    ),
    case(
        "what programs on the node send",
        Nft,
        "table ip t { chain o { type nat hook output priority -100; ip daddr 192.168.3.0/24 tcp dport 2525 dnat to 10.9.9.9; }; }",
        MAY_EARLIER,
        NONE,
    ),
    case(
        "what programs on the node send elsewhere",
        Nft,
        "table ip t { chain o { type nat hook output priority -100; ip daddr 10.0.0.0/8 dnat to 10.9.9.9\n\
         meta skuid 33 tcp dport 80 dnat to 10.9.9.9\n}; }",
        NONE,
        NONE,
    ),
];
