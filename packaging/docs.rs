//! Writes manual pages and shell completions into a folder, from the definitions that the programs
//! parse their command lines and inventories with, so that they can't promise anything else; and what
//! the programs contain of others.

mod crates;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory, Parser};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use lvskit::cluster::Release;
use lvskit::doctor;
use lvskit::inventory::{Lint, keys};
use lvskit::{guard, smtp};

/// Administration: all three programs are for root and for keepalived.
const SECTION: &str = "8";

const SOURCE: &str = concat!("lvskit ", env!("CARGO_PKG_VERSION"));

/// What every page refers to, beside the subcommands of lvskit.
const SEE_ALSO: [&str; 6] = [
    "bypass-ipvs(8)",
    "smtp-check(8)",
    "lvskit-inventory(5)",
    "keepalived(8)",
    "keepalived.conf(5)",
    "nft(8)",
];

/// Writes what is installed beside the programs of lvskit.
#[derive(Parser)]
enum Cli {
    /// Write DIR/man/NAME.8, DIR/man/lvskit-inventory.5 and DIR/completions/SHELL/ for all programs
    Pages {
        /// The folder, made if need be
        dir: PathBuf,
    },
    /// Write DIR/lvskit.cdx.json and DIR/THIRD-PARTY.txt: the crates in the programs, and their licences
    Crates {
        /// The folder, made if need be
        dir: PathBuf,
        /// What the programs are built for; without it this machine
        #[arg(long)]
        target: Option<String>,
        /// The programs are built without TLS
        #[arg(long)]
        no_default_features: bool,
    },
}

fn main() -> ExitCode {
    let written = match Cli::parse() {
        Cli::Pages { dir } => write_pages(&dir),
        Cli::Crates { dir, target, no_default_features } => {
            crates::write(&dir, target.as_deref(), no_default_features)
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn write_pages(dir: &Path) -> Result<()> {
    let programs =
        [lvskit::Cli::command(), guard::options::Cli::command(), smtp::options::Args::command()];
    let pages = folder(dir.join("man"))?;
    for program in programs {
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            let folder = folder(dir.join("completions").join(shell.to_string()))?;
            clap_complete::generate_to(shell, &mut program.clone(), program.get_name(), &folder)
                .with_context(|| format!("{}: can't be written", folder.display()))?;
        }
        let mut program = program.disable_help_subcommand(true);
        program.build();
        page_and_pages_below(&program, &pages)?;
    }
    let path = pages.join("lvskit-inventory.5");
    File::create(&path)
        .and_then(|file| inventory().to_writer(&mut BufWriter::new(file)))
        .with_context(|| format!("{}: can't be written", path.display()))
}

/// The page of the inventory: every key of every section, from the tables that it is read by.
fn inventory() -> Roff {
    let mut roff = Roff::new();
    roff.control("TH", ["lvskit-inventory", "5", "", SOURCE, "lvskit"]);
    roff.control("SH", ["NAME"]);
    roff.text([roman("lvskit-inventory - a cluster in one file, for lvskit gen-conf")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(
        "An inventory is a YAML or JSON file. Its keys are named as in keepalived.conf(5), and mean the \
         same; each fact stands once. Few are named otherwise: preempt: false is nopreempt, lb_algo and \
         lb_kind are lvs_sched and lvs_method, unicast: true makes unicast_peer and unicast_src_ip. What \
         has no key, such as static routes, goes into raw. lvskit explain KEY tells the same of \
         one key.",
    )]);
    for (path, table) in keys::sections() {
        let heading = if path.is_empty() { "TOP LEVEL".into() } else { path.to_uppercase() };
        roff.control("SH", [heading.as_str()]);
        for key in table.keys() {
            roff.control("TP", []);
            roff.text([bold(key.name)]);
            let mut facts =
                format!("{} Value: {}. Default: {}.", key.doc, key.value.shown(), key.default);
            if key.since > Release::V2_1_5 {
                facts.push_str(&format!(" Since {}.", key.since));
            }
            roff.text([roman(facts)]);
        }
    }
    roff.control("SH", ["FINDINGS"]);
    roff.text([roman(
        "What gen-conf finds, by the name that its messages end with. An error stops it. A warning is told, and \
         silenced by allow: [{id: NAME, why: REASON}] in the inventory. A hint is shown on terminals and with \
         --verbose. lvskit explain NAME tells the same.",
    )]);
    for lint in lvskit::inventory::lints::all() {
        roff.control("TP", []);
        roff.text([bold(lint.id), roman(format!(" ({})", lint.severity.word()))]);
        let Lint { title, why, help, .. } = lint;
        roff.text([roman(format!("Found: {title}. {why} What to do: {help}."))]);
    }
    roff.control("SH", ["FILES"]);
    roff.text([roman("inventory.yml and samples/*.yml in the documentation's folder keepalived")]);
    roff.extend([see_also("lvskit-inventory")]);
    roff
}

fn folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path).with_context(|| format!("{}: can't be made", path.display()))?;
    Ok(path)
}

/// The page of a command, and one for each of its subcommands.
fn page_and_pages_below(command: &Command, pages: &Path) -> Result<()> {
    let man = Man::new(command.clone()).section(SECTION).manual("lvskit").source(SOURCE);
    let path = pages.join(man.get_filename());
    File::create(&path)
        .and_then(|file| page(&man, command, &mut BufWriter::new(file)))
        .with_context(|| format!("{}: can't be written", path.display()))?;
    command.get_subcommands().try_for_each(|below| page_and_pages_below(below, pages))
}

fn page(man: &Man, command: &Command, out: &mut impl Write) -> io::Result<()> {
    man.render_title(out)?;
    man.render_name_section(out)?;
    // Ragged: a synopsis has words that are too long to fill a line to its end.
    out.write_all(b".ad l\n")?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    if let Some(text) = command.get_after_help() {
        sections(&text.to_string()).to_writer(out)?;
    }
    let me = command.get_display_name().unwrap_or(command.get_name());
    if me == "lvskit-doctor" {
        findings().to_writer(out)?;
    }
    see_also(me).to_writer(out)?;
    out.flush()
}

/// What stands below the options in `--help`, line by line as it is there. A line at the left edge
/// that ends with a colon heads a section.
fn sections(text: &str) -> Roff {
    let mut roff = Roff::new();
    for paragraph in text.split("\n\n") {
        let mut lines = paragraph.lines().peekable();
        match lines.next_if(|line| !line.starts_with(' ') && line.ends_with(':')) {
            Some(heading) => {
                roff.control("SH", [heading.trim_end_matches(':').to_uppercase().as_str()])
            }
            None => roff.control("PP", []),
        };
        roff.control("nf", []);
        for line in lines {
            roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
        }
        roff.control("fi", []);
    }
    roff
}

/// Everything that doctor can find, from its own table.
fn findings() -> Roff {
    let mut roff = Roff::new();
    for (heading, cluster) in [("FINDINGS OF A NODE", false), ("FINDINGS OF A CLUSTER", true)] {
        roff.control("SH", [heading]);
        for one in doctor::all().filter(|one| one.cluster == cluster) {
            roff.control("TP", []);
            roff.text([bold(one.id), roman(format!(" ({})", one.severity.word()))]);
            let title = one.title;
            roff.text([roman(format!("{title}. {} To do: {}.", one.why, one.help))]);
        }
    }
    roff
}

fn see_also(me: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let lvskit = lvskit::Cli::command();
    let below = lvskit.get_subcommands().map(|one| format!("lvskit-{}({SECTION})", one.get_name()));
    let pages = [format!("lvskit({SECTION})")].into_iter().chain(below);
    let pages = pages.chain(SEE_ALSO.map(str::to_owned));
    let mut others = pages.filter(|page| !page.starts_with(&format!("{me}("))).peekable();
    while let Some(page) = others.next() {
        let (name, section) = page.split_at(page.find('(').unwrap_or(page.len()));
        let comma = if others.peek().is_some() { "," } else { "" };
        roff.text([bold(name), roman(format!("{section}{comma}"))]);
    }
    roff
}
