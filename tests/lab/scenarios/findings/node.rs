//! keepalived itself, and the programs that it runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use lvskit::conf::probe::RUNNER;

use super::scene::{Scene, enable};
use super::step::Step::{Do, Edit, Reload, Restore, Run};
use super::step::{BACKUP, Fault, Seen, Who::Here};
use crate::sandbox::ROOT;

/// Where a check of its own has its place in the file: before those of server02.
const SERVER: &str = "real_server 192.168.3.102 25 {\n        weight 1\n";

/// The last line of the instance.
const LAST: &str = "    garp_master_refresh 10\n";

/// Of a file that keepalived has not read yet.
pub(super) const UNREAD: &str = "file-changed";

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "keepalived is stopped",
        at: BACKUP,
        breaks: &[Do(|scene, at| scene.cluster.nodes[at].stop())],
        seen: &[Seen(Here, &["keepalived-not-running"])],
        mends: &[Do(|scene, at| scene.cluster.nodes[at].start())],
    },
    Fault {
        what: "a block of the file is not closed",
        at: BACKUP,
        breaks: &[Edit("garp_master_refresh 10\n}", "garp_master_refresh 10\n")],
        seen: &[Seen(Here, &["config-refused"])],
        mends: &[Restore],
    },
    Fault {
        what: "a value was changed, and keepalived not reloaded",
        at: BACKUP,
        breaks: &[Edit("    delay_loop 1\n", "    delay_loop 6\n")],
        seen: &[Seen(Here, &[UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "a virtual server was rolled out, and keepalived not reloaded",
        at: BACKUP,
        breaks: &[Edit(
            "virtual_server 192.168.3.100 25 {",
            "virtual_server 192.168.3.100 2525 {\n    \
            protocol TCP\n    lb_algo rr\n    lb_kind DR\n    real_server 192.168.3.102 25 {\n        TCP_CHECK {\n            \
            connect_timeout 3\n        }\n    }\n}\n\nvirtual_server 192.168.3.100 25 {",
        )],
        seen: &[Seen(Here, &["service-not-in-ipvs", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "a service was made by hand",
        at: BACKUP,
        breaks: &[Run("ipvsadm -A -t 192.168.3.100:2525 -s rr")],
        seen: &[Seen(Here, &["service-not-in-file"])],
        mends: &[Run("ipvsadm -D -t 192.168.3.100:2525")],
    },
    Fault {
        what: "the file lacks enable_script_security",
        at: BACKUP,
        breaks: &[Edit("    enable_script_security\n", "")],
        seen: &[Seen(Here, &["no-script-security", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "a check's program was removed",
        at: BACKUP,
        breaks: &[
            Edit(
                SERVER,
                "real_server 192.168.3.102 25 {\n        weight 1\n        MISC_CHECK {\n            \
            misc_path \"/usr/libexec/keepalived/gone 192.168.3.102\"\n        }\n",
            ),
            Reload,
        ],
        seen: &[Seen(Here, &["check-program-missing"])],
        mends: &[Restore, Reload],
    },
    Fault {
        what: "a hook's program was removed",
        at: BACKUP,
        breaks: &[Edit(
            LAST,
            "    garp_master_refresh 10\n    notify \"/usr/libexec/keepalived/gone\"\n",
        )],
        seen: &[Seen(Here, &["hook-missing", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "everybody may write a hook's program",
        at: BACKUP,
        breaks: &[Run("chmod 0777 /usr/libexec/keepalived/bypass-ipvs")],
        seen: &[Seen(Here, &["program-insecure"])],
        mends: &[Run("chmod 0755 /usr/libexec/keepalived/bypass-ipvs")],
    },
    Fault {
        what: "a check's user was removed",
        at: BACKUP,
        breaks: &[
            Edit(
                SERVER,
                "real_server 192.168.3.102 25 {\n        weight 1\n        MISC_CHECK {\n            \
            misc_path \"/usr/bin/true\"\n            user nobody-of-that-name\n        }\n",
            ),
            Reload,
        ],
        seen: &[Seen(Here, &["user-missing"])],
        mends: &[Restore, Reload],
    },
    Fault {
        what: "smtp-check is alone, and a check needs TLS",
        at: BACKUP,
        breaks: &[Do(alone), Reload],
        // Each check fails.
        seen: &[Seen(Here, &["probe-tls-missing", "server-down"])],
        mends: &[Restore, Reload],
    },
    Fault {
        what: "a hook of the older scripts is left",
        at: BACKUP,
        breaks: &[Edit(
            LAST,
            "    garp_master_refresh 10\n    \
            notify \"/usr/libexec/keepalived/bypass_ipvs.py -a 192.168.3.100\"\n",
        )],
        seen: &[Seen(Here, &["old-hook", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "an option of a hook is misspelt",
        at: BACKUP,
        breaks: &[Edit(
            "notify_fault \"/usr/libexec/keepalived/bypass-ipvs --keep-sessions",
            "notify_fault \"/usr/libexec/keepalived/bypass-ipvs --keep-session",
        )],
        seen: &[Seen(Here, &["hook-refused", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "bypass-ipvs.service is not enabled",
        at: BACKUP,
        breaks: &[Do(|_, _| enable(false))],
        seen: &[Seen(Here, &["watcher-not-enabled"])],
        mends: &[Do(|_, _| enable(true))],
    },
];

/// The probe as the static tarball has it, and a check that wants more of it.
fn alone(scene: &mut Scene<'_>, at: usize) -> Result<()> {
    let folder = Path::new(ROOT).join("alone");
    fs::create_dir_all(&folder)?;
    let probe = folder.join("smtp-check");
    fs::copy(env!("CARGO_BIN_EXE_smtp-check"), &probe)?;
    fs::set_permissions(&probe, fs::Permissions::from_mode(0o755))?;
    let conf = scene.cluster.nodes[at].conf();
    let check = format!(
        "{SERVER}        MISC_CHECK {{\n            misc_path \"{RUNNER} {} 192.168.3.102 --port 25 --tls --confirm\"\n            \
         user lvskit\n        }}\n",
        probe.display()
    );
    let text = fs::read_to_string(&conf)?;
    Ok(fs::write(&conf, text.replace(SERVER, &check))?)
}
