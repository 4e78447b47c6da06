//! Keeps the lab apart from the machine it runs on: own network, mounts and processes, all gone
//! when the lab ends. It installs our programs where the rendered files name them, in layers that
//! nobody else sees, and the package's user likewise: this build's, or by dpkg those of the packages in
//! the folder `LVSKIT_LAB_DEBS`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};

use crate::common::accounts;
use crate::{kernel, settings};

/// First argument of this program when it runs inside the sandbox.
pub const IN_SANDBOX: &str = "in-sandbox";

/// Where the lab keeps its files; in memory.
pub const ROOT: &str = "/run/lvskit-lab";

/// Where our command line is installed: in memory, as each start reads the program again from the host.
pub const LVSKIT: &str = "/run/lvskit-lab/lvskit";

/// The sysctls of a node, as they are installed.
pub fn sysctl_file() -> &'static str {
    match settings::text("DEBS") {
        Some(_) => lvskit::paths::SYSCTL_FILE,
        None => concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/lvskit/sysctl.conf"),
    }
}

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
    match settings::text("DEBS") {
        Some(folder) => install_packages(Path::new(&folder))?,
        None => install_build()?,
    }
    let hook = include_str!("../bench/article_hook.py");
    fs::write(ARTICLES_HOOK, format!("#!/usr/bin/python3\n{hook}"))?;
    fs::set_permissions(ARTICLES_HOOK, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Puts this build's programs where a package has them.
fn install_build() -> Result<()> {
    // Debian 11 has none until a package brings one.
    fs::create_dir_all("/usr/libexec")?;
    layer_over("libexec", "/usr/libexec")?;
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
    Ok(())
}

/// Installs the packages as an administrator does; their user too is theirs to make.
fn install_packages(folder: &Path) -> Result<()> {
    for (layer, place) in [("usr", "/usr"), ("etc", "/etc"), ("var", "/var")] {
        layer_over(layer, place)?;
    }
    let mut debs: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    debs.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let output = Command::new("dpkg").arg("--install").args(&debs).output().context("dpkg")?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "dpkg: {}", String::from_utf8_lossy(&said));
    for package in ["lvskit", "lvskit-node"] {
        let output = Command::new("dpkg-query").args(["--show", package]).output()?;
        println!("lab: installed {}", String::from_utf8_lossy(&output.stdout).trim());
    }
    fs::copy("/usr/bin/lvskit", LVSKIT).context(LVSKIT)?;
    Ok(())
}

fn layer_over(name: &str, place: &str) -> Result<()> {
    let [upper, work] = [name, &format!("{name}-work")].map(|folder| format!("{ROOT}/{folder}"));
    fs::create_dir_all(&upper)?;
    fs::create_dir_all(&work)?;
    mount_at("overlay", place, &format!("lowerdir={place},upperdir={upper},workdir={work}"))
}

fn mount_at(kind: &str, target: &str, options: &str) -> Result<()> {
    mount(Some(kind), target, Some(kind), MsFlags::empty(), Some(options))
        .with_context(|| format!("{kind} on {target} ({options})"))
}
