//! Our probe as a check: the command line that keepalived will run as a MISC_CHECK, judged by the
//! probe's own reading of it, and by what makes no sense where keepalived runs it.

use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use clap::{CommandFactory, Parser};

use super::keys::{self, PROBE, check as key};
use super::links::Files;
use super::problems::{Placed, Problems, value};
use super::raw;
use super::read::Section;
use super::refusal::{Kind, Refusal, quoted};
use super::timers::{self, Around, Timer};
use crate::cluster::{Family, Probe, Seconds};
use crate::conf::placeholder::{ADDRESS, NODE};
use crate::conf::probe::{CONFIRM, PROBE_USER, SYSLOG};
use crate::conf::statement::{Settings, Statement};
use crate::smtp::options::Args;

/// The first port that any user may take (ip(7), `ip_unprivileged_port_start`).
const UNPRIVILEGED: u16 = 1024;

/// The keys of the probe. The retries are the probe's, not keepalived's: MISC_CHECK takes the first
/// failure after a start as final, SMTP_CHECK and the probe do not.
pub(super) fn read(
    section: &Section<'_>,
    settings: &Settings,
    around: Around<'_>,
    family: Option<Family>,
    files: &mut Files,
    problems: &mut Problems,
) -> Option<Probe> {
    let compat = value(section.get(key::COMPAT, problems)).unwrap_or(true);
    let dynamic = settings.has("misc_dynamic");
    let syslog = value(section.get(key::SYSLOG, problems)).unwrap_or(true);
    let more = section.written(key::OPTIONS, problems);
    if let Some(words) = more.iter().find(|words| words.value.contains('\'')) {
        let title = "a single quote, which keepalived takes for the beginning of an argument";
        problems.add(words.at.clone(), title, "write it without");
        return None;
    }
    let source = Source { section, more: &more };
    let timers = timers::of(settings, around, |name| source.has(name));
    let has_port = settings.has(key::CONNECT_PORT.name);
    let rendered = |timers: &mut dyn Iterator<Item = &Timer<'_>>| {
        let mut options = String::new();
        if compat {
            options.push_str(" --compat");
        }
        if dynamic {
            options.push_str(" --dynamic");
        }
        let key = |key| Some((key, settings.value(key)?));
        let connection = keys::CONNECTION.iter().filter_map(|one| key(one.name));
        let timers = timers.map(|timer| (timer.name, timer.value));
        for (key, value) in key("helo_name").into_iter().chain(timers).chain(connection) {
            options.push_str(&format!(" --{} {}", key.replace('_', "-"), value.trim_matches('"')));
        }
        for words in &more {
            options.push_str(&format!(" {}", words.value.replace('"', "")));
        }
        options
    };
    let mut options = rendered(&mut timers.iter());
    // Any address and any name do for the placeholders.
    let judge = |options: &str| {
        let filled = options.replace(ADDRESS, sample(family)).replace(NODE, "node");
        parsed(&command(&filled, has_port, family), &[])
    };
    let (args, mut deadline) = match judge(&options) {
        Ok(read) => read,
        Err(found) => {
            refused(found, &command(&options, has_port, family), &source, problems);
            return None;
        }
    };
    if deadline > Probe::LONGEST_DEADLINE {
        let own = rendered(&mut timers.iter().filter(|timer| !timer.inherited));
        let inherited = judge(&own).is_ok_and(|(_, own)| own <= Probe::LONGEST_DEADLINE);
        too_long(deadline, inherited, &source, problems);
        if !inherited {
            return None;
        }
        deadline = Probe::LONGEST_DEADLINE;
        options.push_str(&format!(" --deadline {}", deadline.as_secs()));
    }
    let unfit = unfit(&args, dynamic);
    if !unfit.is_empty() {
        for (name, title, help) in unfit {
            problems.add(source.of(name), title, help);
        }
        return None;
    }
    // As keys they are known already, and {address} is each server's own.
    let fixed = |ip: &IpAddr| ip.to_string() != sample(family);
    if let Some(value) = args.bindto.filter(fixed).filter(|_| !settings.has(key::BINDTO.name)) {
        files.sources.push(Placed { at: source.of("bindto"), value });
    }
    let target = args.connect_ip.map(|host| host.ip).filter(fixed);
    if let Some(value) = target.filter(|_| !settings.has(key::CONNECT_IP.name)) {
        files.targets.push(Placed { at: source.of("connect_ip"), value });
    }
    files.grading |= args.latency_weight.is_some();
    if let Some(file) = args.drain_file.filter(|file| !shared_by_none(file, family)) {
        files.draining.push(Placed { at: source.of("drain_file"), value: file });
    }
    let block: Vec<Statement> = (keys::COMMON.iter())
        .flat_map(|key| settings.statements(key.name).iter().cloned())
        .chain(raw_lines(section, problems)?)
        .collect();
    Some(Probe { options, has_port, syslog, deadline, dynamic, more: block })
}

/// Where the command line comes from.
struct Source<'a> {
    section: &'a Section<'a>,
    /// The items of `options`.
    more: &'a [Placed<String>],
}

impl Source<'_> {
    /// The place of all of it.
    fn place(&self) -> Range<usize> {
        self.more.first().map_or_else(|| self.section.place(), |first| first.at.clone())
    }

    /// The place of an option, by its name in keepalived's words: a key, or a word of `options`.
    fn of(&self, name: &str) -> Range<usize> {
        if let Some(key) = PROBE.key(name)
            && let Some((_, node)) = self.section.node(*key)
        {
            return node.at.clone();
        }
        let option = format!("--{}", name.replace('_', "-"));
        let command = Args::command();
        let short = command.get_arguments().find(|one| one.get_id() == name);
        let short = short.and_then(|one| one.get_short()).map(|short| format!("-{short}"));
        let names = |word: &str| {
            word.split('=').next() == Some(option.as_str()) || short.as_deref() == Some(word)
        };
        let item = self.more.iter().find(|item| item.value.split(' ').any(names));
        item.map_or_else(|| self.place(), |item| item.at.clone())
    }

    /// Whether `options` name an option, by its name in keepalived's words.
    fn has(&self, name: &str) -> bool {
        let option = format!("--{}", name.replace('_', "-"));
        let words = self.more.iter().flat_map(|item| item.value.split(' '));
        words.into_iter().any(|word| word.split('=').next() == Some(option.as_str()))
    }

    /// The options that `--compat` can't be used with, if that is why they are refused. clap names
    /// whole groups; only what stands in `options` counts.
    fn beyond_compat(&self, refusal: &Refusal) -> Vec<String> {
        let Kind::Conflict(compat, named) = &refusal.kind else { return Vec::new() };
        if compat != "--compat" {
            return Vec::new();
        }
        let words = self.more.iter().flat_map(|item| item.value.split(' '));
        let options = words.filter_map(|word| word.split('=').next());
        options.filter(|option| named.iter().any(|one| one == option)).map(str::to_owned).collect()
    }
}

/// Lines of its block that gen-conf writes itself; a second one would undo the first, or be none.
const RENDERED: [&str; 4] = ["misc_path", "misc_timeout", "misc_dynamic", "user"];

/// `raw`, which must not repeat what is rendered.
fn raw_lines(section: &Section<'_>, problems: &mut Problems) -> Option<Vec<Statement>> {
    let lines = raw::read(section, problems);
    let keyword =
        |line: &Statement| line.words().next().map(|word| word.trim_matches('"').to_owned());
    let twice = lines.iter().filter_map(keyword).find(|word| RENDERED.contains(&word.as_str()));
    let (Some(word), Some((_, node))) = (twice, section.node(keys::RAW_LINES)) else {
        return Some(lines);
    };
    problems.add(
        node.at.clone(),
        format!("`{word}` is rendered already"),
        "remove it; what must have another is `type: MISC_CHECK`",
    );
    None
}

/// An address of a family.
fn sample(family: Option<Family>) -> &'static str {
    match family {
        Some(Family::V6) => "2001:db8::1",
        _ => "192.0.2.1",
    }
}

/// Whether a file is another one for each server, by the placeholder in its name.
fn shared_by_none(file: &Path, family: Option<Family>) -> bool {
    file.to_string_lossy().contains(sample(family))
}

/// The probe's command line with these options, to be judged: as it will be rendered, but any address
/// of the family does, and any port.
fn command(options: &str, has_port: bool, family: Option<Family>) -> Vec<&str> {
    // Where the family is not known, that of the address that it is bound to.
    let bound =
        options.split_once("--bindto").map_or("", |(_, rest)| rest.trim_start_matches(['=', ' ']));
    let bound = bound.split(' ').next().unwrap_or_default().parse().ok();
    let server = sample(family.or(bound.map(Family::of)));
    let port: &[&str] = if has_port { &[] } else { &["--port", "25"] };
    let words = ["smtp-check", server].into_iter().chain(port.iter().copied());
    words.chain(options.split_whitespace()).collect()
}

/// Notes why the probe refuses its command line.
fn refused(found: Refusal, words: &[&str], source: &Source<'_>, problems: &mut Problems) {
    let beyond = source.beyond_compat(&found);
    if let [first, ..] = beyond.as_slice() {
        let need = if beyond.len() == 1 { "needs" } else { "need" };
        problems.add(
            source.of(first.trim_start_matches('-')),
            format!("{} {need} `compat: false`", quoted(&beyond)),
            "write `compat: false` in the check: SMTP_CHECK has no such option",
        );
        return;
    }
    // Options that want a weight may only lack the key that asks for one.
    let help = match parsed(words, &["--dynamic"]).is_ok() {
        true => "write `misc_dynamic: true`: without it there are no weights",
        false if matches!(&found.kind, Kind::Twice(option) if option == "--port") => {
            "write `connect_port: ...`"
        }
        false => "see `smtp-check --help`",
    };
    problems.add(source.place(), found.title, help);
}

/// Notes a check that could take longer than keepalived waits. Timers of the sections around it may be
/// meant for other checks: then its end is rendered besides.
fn too_long(deadline: Duration, inherited: bool, source: &Source<'_>, problems: &mut Problems) {
    let title = format!("one check could take {} s", deadline.as_secs());
    let most = Probe::LONGEST_DEADLINE.as_secs();
    if inherited {
        let help = format!(
            "write `connect_timeout`, `retry` and `delay_before_retry` in the check: those of the \
             server are too long for it, and it is ended after {most} s"
        );
        let lint = &super::lints::reading::CHECK_TAKES_LONG;
        return problems.found(lint, source.place(), title, help);
    }
    let help =
        format!("shorten its timers; keepalived ends a program after at most {} s", Seconds::MAX);
    problems.add(source.place(), title, help);
}

/// What the probe reads, and its deadline; else what is wrong.
fn parsed(words: &[&str], more: &[&str]) -> Result<(Args, Duration), Refusal> {
    let args = Args::try_parse_from(words.iter().chain(more));
    let args = args.map_err(|error| Refusal::of(&error))?;
    match args.probe() {
        Ok(probe) => Ok((args, probe.deadline)),
        Err(error) => Err(Refusal::other(format!("smtp-check refuses this: {error:#}"))),
    }
}

/// What makes sense by hand and none where keepalived runs the probe: the option, what is wrong, and
/// what to write instead.
fn unfit(args: &Args, dynamic: bool) -> Vec<(&'static str, String, &'static str)> {
    let mut all = Vec::new();
    if args.dynamic && !dynamic {
        let title = "an exit code that is a weight counts as a failure here";
        let help = "write `misc_dynamic: true` instead of `--dynamic`";
        all.push(("dynamic", title.to_owned(), help));
    }
    if args.nagios {
        let title = "keepalived does not read exit codes as Nagios does";
        all.push(("nagios", title.to_owned(), "remove `--nagios` and its limits"));
    }
    for (asked, name, option) in
        [(args.syslog, "syslog", SYSLOG), (args.confirm, "confirm", CONFIRM)]
    {
        if asked {
            let title = format!("`{option}` is rendered already");
            all.push((name, title, "remove it; the key `syslog: false` renders no `--syslog`"));
        }
    }
    for (asked, name, option) in [(args.json, "json", "--json"), (args.verbose, "verbose", "-v")] {
        if asked {
            let title =
                format!("`{option}` has no effect: keepalived throws away what a check prints");
            all.push((name, title, "remove it, and run the probe by hand to read that"));
        }
    }
    for (file, name) in [
        (&args.ca_file, "ca_file"),
        (&args.cert, "cert"),
        (&args.key, "key"),
        (&args.auth_file, "auth_file"),
    ] {
        if let Some(file) = file.as_ref().filter(|file| !file.is_absolute()) {
            let title = format!("`{}` depends on where keepalived was started", file.display());
            let help = "write the whole path, of a file that user lvskit may read (chown root:lvskit, chmod 640)";
            all.push((name, title, help));
        }
    }
    if args.cert_days.is_some_and(|days| days.warning.is_some()) {
        let title = "a warning has no effect: keepalived knows up and down only".to_owned();
        all.push(("cert_days", title, "write one number, below which the server is down"));
    }
    if args.fwmark.is_some_and(|mark| mark != 0) {
        let title = format!(
            "the probe can't set a firewall mark: its user, {PROBE_USER}, lacks CAP_NET_ADMIN"
        );
        all.push(("fwmark", title, "use `type: SMTP_CHECK`; or MISC_CHECK with `user: root`"));
    }
    if args.bind_port.is_some_and(|port| port < UNPRIVILEGED) {
        let title = format!(
            "the probe can't use this port: its user, {PROBE_USER}, lacks CAP_NET_BIND_SERVICE"
        );
        all.push(("bind_port", title, "write one from 1024 on; or use `type: SMTP_CHECK`"));
    }
    all
}
