//! Keeps the lab apart from the machine it runs on: own network, mounts and processes, all gone
//! when the lab ends. It installs our programs where the rendered files name them, in a layer over
//! /usr/libexec that nobody else sees, and the package's user likewise.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};

use crate::common::accounts;
use crate::kernel;

/// First argument of this program when it runs inside the sandbox.
pub const IN_SANDBOX: &str = "in-sandbox";

/// Where the lab keeps its files; in memory.
pub const ROOT: &str = "/run/lvskit-lab";

/// Where our command line is installed: in memory, as each start reads the program again from the host.
pub const LVSKIT: &str = "/run/lvskit-lab/lvskit";

/// Where the article's hook is installed, for comparison.
pub const ARTICLES_HOOK: &str = "/usr/libexec/keepalived/bypass_ipvs.py";

/// What the hooks' syslog goes to; see [`crate::syslog`].
pub const LOG_SOCKET: &str = "/run/systemd/journal/dev-log";

/// Runs this program again in namespaces of its own.
pub fn enter(words: &[&str]) -> Result<()> {
    kernel::load_modules()?;
    let status = Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"])
        .arg(std::env::current_exe()?)
        .arg(IN_SANDBOX)
        .args(words)
        .status()
        .context("unshare")?;
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}

/// Makes the sandbox ready: an empty /run, a log socket, our programs and their user installed.
pub fn prepare() -> Result<()> {
    mount_at("tmpfs", "/run", "mode=0755")?;
    fs::create_dir_all(ROOT)?;
    fs::create_dir_all(Path::new(LOG_SOCKET).parent().unwrap())?;
    if !Path::new("/dev/log").is_symlink() && !Path::new("/dev/log").exists() {
        std::os::unix::fs::symlink(LOG_SOCKET, "/dev/log").context("/dev/log")?;
    }
    // Debian 11 has none until a package brings one.
    fs::create_dir_all("/usr/libexec")?;
    let (upper, work) = (format!("{ROOT}/libexec"), format!("{ROOT}/libexec-work"));
    fs::create_dir_all(&upper)?;
    fs::create_dir_all(&work)?;
    let layers = format!("lowerdir=/usr/libexec,upperdir={upper},workdir={work}");
    mount_at("overlay", "/usr/libexec", &layers)?;
    let folder = Path::new(lvskit::paths::LIBEXECDIR);
    fs::create_dir_all(folder)?;
    for program in [
        env!("CARGO_BIN_EXE_bypass-ipvs"),
        env!("CARGO_BIN_EXE_smtp-check"),
        env!("CARGO_BIN_EXE_smtp-check-tls"),
    ] {
        let installed = folder.join(Path::new(program).file_name().unwrap());
        fs::copy(program, &installed).with_context(|| program.to_owned())?;
    }
    fs::copy(env!("CARGO_BIN_EXE_lvskit"), LVSKIT).context(LVSKIT)?;
    // Whom keepalived runs smtp-check as; where it is missing, no server is ever checked.
    accounts::add(Path::new(ROOT), &["lvskit"]);
    let hook = include_str!("../bench/article_hook.py");
    fs::write(ARTICLES_HOOK, format!("#!/usr/bin/python3\n{hook}"))?;
    fs::set_permissions(ARTICLES_HOOK, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn mount_at(kind: &str, target: &str, options: &str) -> Result<()> {
    mount(Some(kind), target, Some(kind), MsFlags::empty(), Some(options))
        .with_context(|| format!("{kind} on {target} ({options})"))
}
