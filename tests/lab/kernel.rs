//! Finds a kernel with IPVS: this machine's own, if we are root and it has ip_vs, else a virtual
//! machine that boots the distribution's kernel over this machine's file system, read-only. Or that of
//! another release, over that release's files; see [`crate::matrix`].

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, geteuid};

use crate::settings;

/// First argument of this program when it runs on a kernel with IPVS.
pub const IN_KERNEL: &str = "in-kernel";

/// Where the lab keeps what it learned, and its tools; below Cargo's own folder.
pub const STATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/lab");

/// What the lab reads: inventories, samples, sysctls.
const PROJECT: &str = env!("CARGO_MANIFEST_DIR");

/// How long a boot with KVM may take before KVM counts as broken. It takes 2 s where it works.
const KVM_PATIENCE: Duration = Duration::from_secs(40);

/// Everything the lab's network and IPVS need; some may be built in.
const MODULES: &[&str] = &[
    "ip_vs",
    "ip_vs_wlc",
    "ip_vs_rr",
    "ip_vs_mh",
    "nf_conntrack",
    "nft_redir",
    "nft_nat",
    "nft_ct",
    "nft_fib_ipv4",
    "nft_fib_ipv6",
    "nft_fib_inet",
    "nft_compat",
    "nft_chain_nat",
    "nft_meta_bridge",
    "xt_REDIRECT",
    "xt_tcpudp",
    "veth",
    "bridge",
    "overlay",
];

/// Runs `lab WORDS` on a kernel with IPVS and returns its success.
pub fn run(words: &[&str]) -> Result<()> {
    let me = std::env::current_exe()?;
    if geteuid().is_root() && has_ipvs() {
        println!("lab: on this machine's own kernel, in namespaces");
        let status = Command::new(me).arg(IN_KERNEL).args(words).status()?;
        ensure!(status.success(), "the lab ended with {status}");
        return Ok(());
    }
    boot(Path::new("/"), words, |_| ())
}

/// Runs `lab WORDS` in a virtual machine that has the files below `root` and the kernel among them.
/// `heard` is given each line that it prints.
pub fn boot(root: &Path, words: &[&str], mut heard: impl FnMut(&str)) -> Result<()> {
    let kernel = newest_kernel(root)?;
    let kvm = kvm_works()?;
    println!(
        "lab: booting {} in a virtual machine, {}",
        kernel.file_name().unwrap_or_default().to_string_lossy(),
        if kvm { "with KVM" } else { "without KVM: software emulation, slow" },
    );
    let started = Instant::now();
    let me = std::env::current_exe()?;
    let mut guest = machine(&kernel, kvm);
    if root != Path::new("/") {
        guest.arg("--root").arg(root).arg("--cwd").arg(root);
        share(&mut guest, root, Path::new(PROJECT))?;
        let target = me.parent().and_then(Path::parent).unwrap_or(Path::new(PROJECT));
        if !target.starts_with(PROJECT) {
            share(&mut guest, root, target)?;
        }
    }
    let mut guest = guest
        .args(["--", "env"])
        .args(settings::all())
        .arg(me)
        .arg(IN_KERNEL)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("virtme-ng")?;
    // Through pipes of our own: the emulator opens its outputs anew and would overwrite a file.
    let (said, mut complained) = (guest.stdout.take().unwrap(), guest.stderr.take().unwrap());
    let errors = std::thread::spawn(move || io::copy(&mut complained, &mut io::stderr()));
    for line in BufReader::new(said).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\r');
        println!("{line}");
        heard(line);
    }
    errors.join().unwrap()?;
    let status = guest.wait()?;
    println!("lab: the virtual machine ran for {} s", started.elapsed().as_secs());
    ensure!(status.success(), "the lab in the virtual machine ended with {status}");
    Ok(())
}

/// Loads the modules. Those that are built in, or that this kernel does not know, are passed over:
/// what is missing shows when it is used.
pub fn load_modules() -> Result<()> {
    let status = Command::new("modprobe").arg("-qa").args(MODULES).status().context("modprobe")?;
    ensure!(has_ipvs(), "this kernel has no ip_vs (modprobe: {status})");
    Ok(())
}

fn has_ipvs() -> bool {
    let loaded = || Path::new("/proc/net/ip_vs").exists();
    let load = || Command::new("modprobe").args(["-q", "ip_vs"]).status();
    loaded() || (load().is_ok_and(|status| status.success()) && loaded())
}

/// Shows a folder of this machine to the guest at the same place, read-only.
fn share(guest: &mut Command, root: &Path, folder: &Path) -> Result<()> {
    let inside = root.join(folder.strip_prefix("/")?);
    fs::create_dir_all(&inside).with_context(|| inside.display().to_string())?;
    guest.arg(format!("--rodir={0}={0}", folder.display()));
    Ok(())
}

/// The newest kernel in `root`'s /boot whose modules have ip_vs.
fn newest_kernel(root: &Path) -> Result<PathBuf> {
    let mut kernels: Vec<PathBuf> =
        (fs::read_dir(root.join("boot")).into_iter().flatten().flatten())
            .map(|entry| entry.path())
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let modules = name.strip_prefix("vmlinuz-").map(|version| {
                    root.join("lib/modules").join(version).join("kernel/net/netfilter/ipvs")
                });
                modules.is_some_and(|modules| modules.exists())
            })
            .collect();
    kernels.sort();
    let missing = || format!("no kernel with ip_vs in {}boot; run tests/deps lab", root.display());
    kernels.pop().with_context(missing)
}

/// The virtual machine. Without KVM Linux 5.10 takes the clocks of two processors for unsynchronised, unless it
/// is told not to, and reads a slow one for ever.
fn machine(kernel: &Path, kvm: bool) -> Command {
    let tools = Path::new(STATE).join("venv/bin");
    let mut vng = Command::new(tools.join("vng"));
    // It looks for its second half, virtme-run, in PATH.
    let path = std::env::var("PATH").unwrap_or_default();
    vng.env("PATH", format!("{}:{path}:/usr/sbin:/sbin", tools.display()));
    vng.arg("-r").arg(kernel);
    if !kvm {
        vng.args(["--disable-kvm", "--append", "tsc=reliable"]);
    }
    vng.args(["--disable-microvm", "--force-9p", "--user", "root", "-m", "4G", "--cpus", "2"]);
    vng
}

/// Tries KVM once and remembers the answer: /dev/kvm may exist and not work.
fn kvm_works() -> Result<bool> {
    let memory = Path::new(STATE).join("kvm");
    match fs::read_to_string(&memory).as_deref() {
        Ok("yes") => return Ok(true),
        Ok("no") => return Ok(false),
        _ => {}
    }
    let works = fs::File::options().read(true).write(true).open("/dev/kvm").is_ok()
        && boots_in_time(machine(&newest_kernel(Path::new("/"))?, true).args(["--", "true"]))?;
    fs::create_dir_all(STATE)?;
    fs::write(memory, if works { "yes" } else { "no" })?;
    Ok(works)
}

fn boots_in_time(command: &mut Command) -> Result<bool> {
    println!("lab: trying KVM");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("virtme-ng; run tests/deps lab")?;
    let deadline = Instant::now() + KVM_PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() > deadline {
            if let Err(error) = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL) {
                bail!("a hung virtual machine can't be killed: {error}");
            }
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
