//! POSIX access control lists of files that are replaced: the new file has none, and nobody may gain a right by
//! that. With a list, the group's bits of the mode are the list's mask, which may be more than the owning group has
//! (acl(5)).

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::io::Errno;

/// Where Linux keeps a file's list.
const NAME: &str = "system.posix_acl_access";

/// The largest value of an extended attribute, bytes (xattr(7)).
const LARGEST: usize = 65_536;

/// `ACL_USER`, `ACL_GROUP_OBJ` and `ACL_MASK` of linux/posix_acl.h.
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const MASK: u16 = 0x10;

/// The rights, 0-7, that a file's owning group may have when its list is gone; `None` where it has no list.
pub(super) fn group(path: &Path) -> io::Result<Option<u32>> {
    let mut list = vec![0; LARGEST];
    match rustix::fs::getxattr(path, NAME, &mut list[..]) {
        Ok(length) => Ok(Some(rights(list.get(..length).unwrap_or_default()))),
        Err(Errno::NODATA | Errno::NOTSUP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes away the list that a new file has from its folder.
pub(super) fn remove(file: &File) -> io::Result<()> {
    match rustix::fs::fremovexattr(file, NAME) {
        Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What the owning group has, and nobody with an entry of its own has less: a user whom the list keeps out may be in
/// that group.
fn rights(list: &[u8]) -> u32 {
    let entries = list.get(4..).unwrap_or_default().chunks_exact(8);
    let entry = |entry: &[u8]| {
        let number = |at: usize| u16::from_le_bytes([entry[at], entry[at + 1]]);
        (number(0), u32::from(number(2)))
    };
    let mut rights = None;
    let mut most = 0o7;
    for (tag, own) in entries.map(entry) {
        match tag {
            GROUP_OBJ => rights = Some(own),
            USER | MASK => most &= own,
            _ => {}
        }
    }
    rights.unwrap_or(0) & most
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list as the kernel has it.
    fn list(entries: &[(u16, u16)]) -> Vec<u8> {
        let entry = |&(tag, rights): &(u16, u16)| {
            let id = u32::MAX.to_le_bytes();
            [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id].concat()
        };
        [2_u32.to_le_bytes().to_vec(), entries.iter().flat_map(entry).collect()].concat()
    }

    #[test]
    fn the_group_gets_what_everybody_with_an_entry_has() {
        for (user, group, mask, rights) in
            [(6, 0, 6, 0), (4, 4, 4, 4), (0, 4, 4, 0), (7, 6, 4, 4), (6, 7, 7, 6)]
        {
            let list = list(&[(1, 6), (USER, user), (GROUP_OBJ, group), (MASK, mask), (0x20, 0)]);
            assert_eq!(super::rights(&list), rights, "{user} {group} {mask}");
        }
        assert_eq!(super::rights(&[2, 0, 0, 0, 1]), 0, "a value that is not a list gives nothing");
    }
}
