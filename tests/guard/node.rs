//! A node on a link with two others, a client and a balancer. Both send what is for the VIP to the
//! node's MAC address, whether or not the node holds the VIP: the client because it heard so or has
//! not yet heard otherwise, the balancer because that is how LVS-DR forwards.

use std::io::{ErrorKind, Read};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::common::netns::Netns;

pub const VIP: &str = "192.168.3.100";
pub const VIP6: &str = "fd00:3::100";
pub const OWN: &str = "192.168.3.102";
pub const OWN6: &str = "fd00:3::102";
pub const PORT: u16 = 2525;

/// For a connection that must succeed; it normally takes a millisecond.
pub const PATIENT: Duration = Duration::from_secs(10);

/// Where a connection was served, for comparison.
pub fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

pub struct Node {
    pub node: Netns,
    pub client: Netns,
    pub balancer: Netns,
    /// Joins the three by the bridge br0.
    #[allow(dead_code)] // the firewall's tests ask it
    pub switch: Netns,
    listener: TcpListener,
}

impl Node {
    pub fn new() -> Node {
        let switch = Netns::new();
        switch.ip("link add br0 type bridge");
        switch.ip("link set br0 up");
        let [node, client, balancer] = [1, 2, 3].map(|port| {
            let host = Netns::new();
            host.ip(&format!(
                "link add eth0 type veth peer name port{port} netns {}",
                switch.path()
            ));
            switch.ip(&format!("link set port{port} master br0 up"));
            host
        });
        for (netns, v4, v6) in [
            (&node, OWN, OWN6),
            (&client, "192.168.3.3", "fd00:3::3"),
            (&balancer, "192.168.3.104", "fd00:3::104"),
        ] {
            netns.ip(&format!("address add {v4}/24 dev eth0"));
            netns.ip(&format!("address add {v6}/64 dev eth0 nodad"));
            netns.ip("link set eth0 up");
        }
        let listener = node.run(|| TcpListener::bind(("::", PORT)).unwrap());
        listener.set_nonblocking(true).unwrap();
        let node = Node { node, client, balancer, switch, listener };
        [VIP, VIP6].iter().for_each(|vip| node.is_found_at_the_node(vip));
        node
    }

    /// Client and balancer send what is for `vip` to the node.
    pub fn is_found_at_the_node(&self, vip: &str) {
        let mac = self.node.mac("eth0");
        for sender in [&self.client, &self.balancer] {
            sender.ip(&format!("neigh replace {vip} lladdr {mac} dev eth0 nud permanent"));
        }
    }

    /// A node that keeps silent about addresses that it does not hold, as the packaged settings
    /// make it.
    pub fn silent() -> Node {
        let node = Node::new();
        for setting in ["arp_ignore=1", "arp_announce=2"] {
            node.node.tool("sysctl", &format!("-qw net.ipv4.conf.all.{setting}"));
        }
        node
    }

    /// Connects the client to `vip`; both ends, or `None` if the node does not serve it.
    pub fn session(&self, vip: &str, patience: Duration) -> Option<(TcpStream, TcpStream)> {
        self.session_of(&self.client, vip, patience)
    }

    /// The same from another host, or from the node itself.
    pub fn session_of(
        &self,
        sender: &Netns,
        vip: &str,
        patience: Duration,
    ) -> Option<(TcpStream, TcpStream)> {
        let server = SocketAddr::new(vip.parse().unwrap(), PORT);
        let stream = sender.run(|| TcpStream::connect_timeout(&server, patience)).ok()?;
        let accepted = self.accept();
        accepted.set_nonblocking(false).unwrap();
        Some((stream, accepted))
    }

    /// The connection that the client sees: its last packet may still be on its way to the node.
    fn accept(&self) -> TcpStream {
        loop {
            match self.listener.accept() {
                Ok((accepted, _)) => return accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("accept: {error}"),
            }
        }
    }

    /// The address at which the node serves a connection of the client to `vip`: its own if it
    /// was redirected; `None` if it doesn't.
    pub fn served_at(&self, vip: &str, patience: Duration) -> Option<IpAddr> {
        self.serves(&self.client, vip, patience)
    }

    /// The same for a connection that the balancer sends.
    pub fn forwarded_to(&self, vip: &str, patience: Duration) -> Option<IpAddr> {
        self.serves(&self.balancer, vip, patience)
    }

    fn serves(&self, sender: &Netns, vip: &str, patience: Duration) -> Option<IpAddr> {
        let (stream, accepted) = self.session_of(sender, vip, patience)?;
        drop(stream);
        let mut rest = Vec::new();
        let _ = (&accepted).read_to_end(&mut rest);
        Some(accepted.local_addr().unwrap().ip().to_canonical())
    }

    /// Gives the node the VIP, as keepalived does on MASTER.
    pub fn take(&self, vip: &str) {
        let length = if vip.contains(':') { "128 nodad" } else { "32" };
        self.node.ip(&format!("address add {vip}/{length} dev eth0"));
        // In IPv6 the kernel makes the route that goes with it in the background.
        let route = format!("local {vip} dev eth0 ");
        while !self.node.ip("-6 route show table local").contains(&route) && vip.contains(':') {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Takes the VIP away.
    pub fn give_up(&self, vip: &str) {
        let length = if vip.contains(':') { 128 } else { 32 };
        self.node.ip(&format!("address del {vip}/{length} dev eth0"));
    }

    /// Runs the hook on the node and waits for it.
    pub fn hook(&self, args: &[&str]) -> Output {
        self.node.run(|| hook().args(args).output().unwrap())
    }

    /// Starts the hook on the node.
    pub fn start_hook(&self, args: &[&str]) -> Child {
        let quiet = || hook().args(args).stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        self.node.run(|| quiet().unwrap())
    }

    /// Runs the hook, which must succeed.
    pub fn guard(&self, args: &[&str]) {
        let output = self.hook(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn hook() -> Command {
    Command::new(Path::new(env!("CARGO_BIN_EXE_bypass-ipvs")))
}
