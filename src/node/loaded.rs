//! What keepalived holds of its file: since 2.2 its main process keeps the lines of the file and of what that
//! includes in a file in memory, and writes them anew at each reload. So what runs can be held against what is
//! on disk. Only root can read it. keepalived 2.1 has no such file, nor has one with `tmp_config_directory` or one that
//! SELinux keeps from it: they write it below a directory, and take its name away.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};
use std::{fs, io, thread};

use super::process::{self, Keepalived};
use crate::compare;
use crate::conf::grammar::{self, Files, NoFiles, Statement};

/// What the file in memory is called (memfd_create(2) puts `/memfd:` before the name).
const NAME: &str = "/memfd:/keepalived/consolidated_configuration";

/// How long a reload that is under way may take; keepalived empties the file before it writes it anew.
const RELOAD: Duration = Duration::from_secs(1);

/// A definition of keepalived's own: the folder of the file in which it stands, which is not kept.
const FOLDER: &str = "_PWD";

/// What keepalived read when it was started, or reloaded last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// When, in seconds since 1970.
    pub time: u64,
    /// Where that differs from what was on disk when it was looked at, by what it means for this node.
    pub(crate) differences: Vec<compare::Difference>,
}

/// Reads it, once more after a second where it is not what is on disk: keepalived may be reading that. `None`
/// where it can't be known.
///
/// # Errors
/// When only root may read it.
pub fn loaded(keepalived: &Keepalived) -> io::Result<Option<Loaded>> {
    let Some(pid) = keepalived.pid else { return Ok(None) };
    let Some(file) = memory(pid)? else { return Ok(None) };
    match read(&file, keepalived) {
        Some(same) if same.differences.is_empty() => Ok(Some(same)),
        _ => {
            thread::sleep(RELOAD);
            Ok(read(&file, keepalived))
        }
    }
}

fn read(file: &Path, keepalived: &Keepalived) -> Option<Loaded> {
    let changed = fs::metadata(file).and_then(|file| file.modified()).ok()?;
    let text = grammar::text(file).ok()?;
    let id = keepalived.config_id.clone().or_else(process::default_config_id);
    let time = changed.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let file = &keepalived.file;
    let on_disk = grammar::text(file).ok()?;
    let on_disk = grammar::read(file, &on_disk, id.as_deref(), &mut Files::default()).ok()?;
    let differences = compare::meaning(&statements(&text, id.as_deref())?, &on_disk);
    Some(Loaded { time, differences })
}

/// The file in memory, by a path that opens it.
fn memory(pid: u32) -> io::Result<Option<PathBuf>> {
    let open = fs::read_dir(format!("/proc/{pid}/fd"))?.flatten();
    let mut open = open.map(|entry| entry.path());
    Ok(open.find(|path| {
        fs::read_link(path).is_ok_and(|name| name.to_string_lossy().starts_with(NAME))
    }))
}

/// The lines are as they were written, without comments; included ones stand in their place. `None` where they
/// don't say all.
fn statements(text: &str, id: Option<&str>) -> Option<Vec<Statement>> {
    if text.trim().is_empty() || text.contains(FOLDER) {
        return None;
    }
    grammar::parse("keepalived", text, id, &mut NoFiles).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare;

    /// What 2.2.7 and 2.3.3 keep of a file with definitions, conditions and an included file.
    const KEPT: &str = "# /etc/keepalived/keepalived.conf\n\n\n$VIP=192.168.3.100\n$MORE=\\\n192.168.3.98\\\n\
        192.168.3.97\nglobal_defs {\n@nodea router_id x\n@nodeb router_id y\n}\n\n\
        # /etc/keepalived/inc.conf\nvrrp_instance a {\ninterface eth0\n@^nodeb priority 150\n\
        @nodeb priority 140\nvirtual_ipaddress {\n${VIP}/32\n$MORE\n}\n}\n!\n\n!\n";

    /// That file.
    const FILE: &str = "! a comment\n$VIP=192.168.3.100\n$MORE= \\\n  192.168.3.98 \\\n  192.168.3.97\n\
        global_defs {\n @nodea router_id x\n @nodeb router_id y ! another\n}\n";
    const INCLUDED: &str = "vrrp_instance a {\n interface eth0\n @^nodeb priority 150\n \
        @nodeb priority 140\n virtual_ipaddress {\n  ${VIP}/32\n  $MORE\n }\n}\n";

    #[test]
    fn what_is_kept_means_what_the_file_means() {
        let kept = statements(KEPT, Some("nodea")).unwrap();
        assert_eq!(kept.len(), 2);
        let of = |text: &str| statements(text, Some("nodea")).unwrap();
        let file = format!("{FILE}{INCLUDED}");
        assert_eq!(compare::meaning(&kept, &of(&file)), []);
        let changed = file.replace("150", "151");
        assert_eq!(compare::meaning(&kept, &of(&changed)).len(), 2, "one removed, one added");
        // One that is being written, and one whose folder would have to be known.
        assert_eq!(statements("vrrp_instance a {\n", None), None);
        assert_eq!(statements("", None), None);
        assert_eq!(statements("vrrp_script a {\nscript ${_PWD}/a\n}\n", None), None);
    }
}
