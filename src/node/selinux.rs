//! SELinux' types of keepalived and of the files that it runs and reads, where SELinux is enforcing: labels
//! follow paths, and a file that was moved keeps the label of where it came from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Whether the kernel enforces the policy: `1` (selinuxfs).
const ENFORCE: &str = "/sys/fs/selinux/enforce";

/// Where Linux keeps a file's label (xattr(7)).
const NAME: &str = "security.selinux";

/// Labels are text of well below a hundred bytes.
const LARGEST: usize = 4096;

/// The types on a node that enforces SELinux' policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Types {
    /// That of keepalived's process, such as `keepalived_t`.
    pub keepalived: String,
    /// Those of files; one without a label, or that is not there, is left out.
    pub files: BTreeMap<PathBuf, String>,
}

/// Reads them; `None` where SELinux is not there or does not enforce, and where keepalived does not run.
pub fn types<'a>(pid: Option<u32>, files: impl Iterator<Item = &'a Path>) -> Option<Types> {
    let enforces = fs::read_to_string(ENFORCE).is_ok_and(|text| text.trim() == "1");
    let label = fs::read(format!("/proc/{}/attr/current", pid.filter(|_| enforces)?)).ok()?;
    let files = files.filter_map(|file| Some((file.to_owned(), type_of(&label_of(file)?)?)));
    Some(Types { keepalived: type_of(&label)?, files: files.collect() })
}

fn label_of(file: &Path) -> Option<Vec<u8>> {
    let mut label = vec![0; LARGEST];
    let length = rustix::fs::getxattr(file, NAME, &mut label[..]).ok()?;
    label.truncate(length);
    Some(label)
}

/// The third part of a label such as `system_u:object_r:bin_t:s0`, which may end with a zero byte.
fn type_of(label: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(label).ok()?.trim_end_matches(['\0', '\n']);
    Some(text.split(':').nth(2)?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_the_third_part() {
        let is = |label: &[u8]| type_of(label);
        assert_eq!(is(b"system_u:object_r:bin_t:s0\0"), Some("bin_t".into()));
        assert_eq!(
            is(b"system_u:system_r:keepalived_t:s0-s0:c0.c1023\0"),
            Some("keepalived_t".into())
        );
        assert_eq!(is(b"u:r:keepalived_t\n"), Some("keepalived_t".into()), "without a level");
        assert_eq!((is(b"unconfined"), is(b"")), (None, None), "another security module");
    }
}
