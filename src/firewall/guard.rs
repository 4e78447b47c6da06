//! The guard of a node's VIPs as a file for nftables.conf. A reload that begins with `flush ruleset` takes
//! the guard away, and in the gap until the watcher has put it back, sessions that were redirected are
//! reset; with this file included the reload is one step. It holds the very rules of hooks and watcher,
//! which find them in force.

use std::fmt::Write;

use crate::cluster::Cluster;
use crate::conf::guards::Guards;
use crate::guard::text;

/// The name of the file.
pub const FILE: &str = "lvskit-guard.nft";

/// Where the examples in the file have it: keepalived and nft may read it there under SELinux too.
const FOLDER: &str = "/etc/nftables";

/// The whole file of node number `node`.
pub fn text(cluster: &Cluster, guards: &Guards, node: usize) -> String {
    let own = match cluster.bypass {
        true => guards.of_node(cluster, node),
        false => Vec::new(),
    };
    let name = &cluster.nodes[node].name;
    let mut text = format!(
        "# Rendered by `lvskit gen-conf --guard-file` for {name}: change the inventory, not this file.\n\
         # Install it as {FOLDER}/{FILE} and include it behind the `flush ruleset` of the file\n\
         # that is loaded at boot, so that a reload is one step for the kernel:\n\
         #     flush ruleset\n\
         #     include \"{FOLDER}/{FILE}\"\n\
         # Debian: /etc/nftables.conf. RHEL: /etc/sysconfig/nftables.conf, which is empty at first: write\n\
         # both lines at its top; or only the second, where something else flushes. Where firewalld runs,\n\
         # this is not needed: it reloads its own table alone. After a change: systemctl reload nftables\n\
         # Loading it twice changes nothing, and `bypass-ipvs --check` finds these rules in force.\n\n",
    );
    if own.is_empty() {
        // Writing to a String can't fail.
        let _ =
            writeln!(text, "# There is nothing to guard: no service is balanced among the nodes.");
    }
    text + &text::transaction(&own)
}
