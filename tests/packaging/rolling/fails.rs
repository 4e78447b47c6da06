//! A change of the VRID that fails on one of two nodes: who serves then, and what the files say.

use super::stage::{Cluster, Node};

/// How a change of the VRID fails, and what comes of it.
pub struct Fails {
    /// What the reload of which node does.
    pub reload: (usize, &'static str),
    /// Who serves at last, with which VRID, and which VRID its file has.
    pub serves: usize,
    pub vrid: u32,
    pub file: u32,
    pub drained: [&'static str; 2],
    pub words: &'static [&'static str],
}

impl Fails {
    pub fn happens(&self) {
        let cluster = Cluster::start();
        let (place, word) = self.reload;
        cluster.nodes[place].sh(&cluster.site, &format!("echo {word} >/run/on-reload"));
        cluster.site.edit_inventory("virtual_router_id: 11", "virtual_router_id: 12");
        let split = ["-e", "lvskit_split=drain lvskit_patience=8"];
        let (play, masters) = cluster.masters_while(|| cluster.play("site.yml", &split));
        let play = play.failed();
        assert!(!masters.contains(&2), "{word}: {masters:?}\n{}", play.text);
        for words in self.words {
            assert!(play.text.contains(words), "{word}: no {words}: {}", play.text);
        }
        cluster.settle(self.serves);
        let drained = [0, 1].map(|place| cluster.drained(place));
        assert_eq!(drained, self.drained, "{word}: {}", play.text);
        let conf =
            cluster.nodes[self.serves].sh(&cluster.site, "cat /etc/keepalived/keepalived.conf");
        assert!(conf.contains(&format!("virtual_router_id {}\n", self.file)), "{conf}");
        // Nothing is left that could become a second MASTER.
        let heard = |node: &Node| {
            let listen = "timeout 3 tcpdump -nn -i eth0 -c 1 -Q in ip proto 112 2>/dev/null || :";
            node.sh(&cluster.site, listen)
        };
        let heard = heard(&cluster.nodes[1 - self.serves]);
        assert!(heard.contains(&format!("vrid {},", self.vrid)), "{word}: {heard}");
        let masters = cluster.nodes.iter().filter(|node| node.is_master());
        assert_eq!(masters.count(), 1);
        let reached = |node: &&Node| !cluster.site.path(&format!("cut-{}", node.name)).exists();
        for node in cluster.nodes.iter().filter(reached) {
            assert!(!node.sh(&cluster.site, "ls /etc/keepalived").contains(".old"), "{word}");
        }
    }
}
