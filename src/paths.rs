//! Where the programs are installed. The rendered files and `make install` agree, because both
//! take the folder from one variable.

/// The folder of the programs that keepalived runs. In RHEL's and Fedora's SELinux policy the
/// programs of this folder may run nft and connect anywhere; elsewhere they may not.
///
/// `LVSKIT_LIBEXECDIR` at build time overrides it, for an installation below another prefix.
pub const LIBEXECDIR: &str = match option_env!("LVSKIT_LIBEXECDIR") {
    Some(folder) => folder,
    None => "/usr/libexec/keepalived",
};

/// The hook, which is also the watcher.
pub const HOOK: &str = "bypass-ipvs";

/// The probe without TLS.
pub const PROBE: &str = "smtp-check";

/// The same program with TLS, in the same folder.
pub const PROBE_WITH_TLS: &str = "smtp-check-tls";

/// The absolute path of an installed program that keepalived runs.
pub fn libexec(program: &str) -> String {
    format!("{LIBEXECDIR}/{program}")
}

/// The settings of the kernel that the package puts in place while a guard's unit runs.
pub const SYSCTL_FILE: &str = match option_env!("LVSKIT_SYSCTL_FILE") {
    Some(file) => file,
    None => "/usr/share/lvskit/sysctl.conf",
};

/// Where keepalived looks for its configuration.
pub const KEEPALIVED_CONF: &str = "/etc/keepalived/keepalived.conf";

/// Where keepalived writes the number of its main process.
pub const KEEPALIVED_PID: &str = "/run/keepalived.pid";
