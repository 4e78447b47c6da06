//! What an administrator can do when the system, or the limits of a process, have no more of
//! something. The same for every program that is started and every socket that is opened.

use std::io;

use nix::errno::Errno;

/// What to do about an error of the system, if it is that there is no more of something.
pub fn advice(error: &io::Error) -> Option<&'static str> {
    error.raw_os_error().map(Errno::from_raw).and_then(of)
}

/// The same of an error's number.
pub fn of(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::EMFILE => Some(
            "the process has too many open files: raise LimitNOFILE of the service that starts it, \
             such as keepalived.service",
        ),
        Errno::ENFILE => {
            Some("the system has too many open files: find out whose, or raise fs.file-max")
        }
        Errno::EAGAIN => Some(
            "the system allows no more processes: raise TasksMax of the service that starts it, or \
             kernel.pid_max",
        ),
        Errno::ENOMEM | Errno::ENOBUFS => {
            Some("the system has no memory left: find out who takes it; the next run tries again")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shortage_has_its_own_advice() {
        for (errno, word) in [
            (Errno::EMFILE, "LimitNOFILE"),
            (Errno::ENFILE, "fs.file-max"),
            (Errno::EAGAIN, "TasksMax"),
            (Errno::ENOMEM, "memory"),
            (Errno::ENOBUFS, "memory"),
        ] {
            let told = advice(&io::Error::from(errno)).unwrap();
            assert!(told.contains(word), "{errno}: {told}");
        }
        for errno in [Errno::ENOENT, Errno::EACCES, Errno::ENOEXEC] {
            assert_eq!(advice(&errno.into()), None, "{errno}");
        }
    }
}
