//! What an administrator can do about errors that are not about the guard: missing rights, and a
//! system that has run out of something.

use nix::errno::Errno;

use crate::child::ChildError;
use crate::node::netlink::NetlinkError;
use crate::shortage;

/// What to do about an error of netlink, whatever it was about.
pub(super) fn netlink(error: &NetlinkError) -> Option<&'static str> {
    match (error, error.errno()) {
        (_, Some(Errno::EPERM | Errno::EACCES)) => {
            Some("run it as root (script_user root in keepalived.conf) with CAP_NET_ADMIN")
        }
        (_, Some(errno)) if shortage::of(errno).is_some() => shortage::of(errno),
        (NetlinkError::Open(_), _) => {
            Some("the kernel needs netlink sockets (AF_NETLINK), which a service may be denied")
        }
        (NetlinkError::Deadline(_), _) => Some("the kernel is busy; the next hook tries again"),
        (NetlinkError::Changing, _) => {
            Some("look for a program that changes the node's rules all the time")
        }
        _ => None,
    }
}

/// What to do about a program that could not be started, where it is not its fault.
pub(super) fn start(error: &ChildError) -> Option<&'static str> {
    match error {
        ChildError::Start { source, .. } => shortage::advice(source),
        _ => None,
    }
}
