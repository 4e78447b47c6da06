//! Clusters of the kinds that people publish, written for this test: nothing of a file is lost untold, by
//! a comparison that knows nothing of import's own, and every release of keepalived takes what is rendered.

use std::collections::BTreeSet;

use crate::article::import;
use crate::common::netns::{Netns, inside};
use crate::common::releases::{KILLS_ITSELF, as_root, interfaces, judge, skipped, versions};
use crate::kinds::{KINDS, Kind};
use crate::place::{Place, Run};

/// Where Debian's keepalived has its samples.
const SAMPLES: &str = "/usr/share/doc/keepalived/samples";

/// Where a node's file lies.
fn name(node: usize) -> String {
    format!("{node}.conf")
}

/// Imports a kind; the inventory is in the folder then.
fn imported(kind: &Kind) -> (Place, Run) {
    let (_, count, text, _) = kind;
    let place = Place::with("");
    for node in 1..=*count {
        place.write(&name(node), text(node));
    }
    let names: Vec<String> = (1..=*count).map(name).collect();
    let run = import(&place, &names.join(" "));
    place.write("inventory.yml", &run.stdout);
    (place, run)
}

/// A statement with the blocks around it, and its line.
type Line = (String, usize);

/// The statements of a text, block heads joined before each: nothing but braces, blanks, comments, quotes
/// and a few second names are understood here.
fn lines(text: &str) -> Vec<Line> {
    let mut all = Vec::new();
    let mut around: Vec<String> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split(['#', '!']).next().unwrap_or_default().replace('"', " ");
        // Braces of blocks, not those of `${NAME}`.
        let mut variable = false;
        let line: String = (line.chars().zip(std::iter::once(' ').chain(line.chars())))
            .map(|(c, before)| {
                let own = variable || before == '$';
                variable = own && c != '}' && (variable || c == '{');
                match c {
                    '{' | '}' if !own => format!("\n{c}\n"),
                    _ => c.to_string(),
                }
            })
            .collect();
        let parts: Vec<&str> =
            line.split('\n').map(str::trim).filter(|it| !it.is_empty()).collect();
        for (place, part) in parts.iter().enumerate() {
            let words: Vec<&str> = part.split_whitespace().collect();
            match (*part, parts.get(place + 1)) {
                ("{", _) => {}
                ("}", _) => drop(around.pop()),
                (_, Some(&"{")) => around.push(spelled(&words)),
                _ => all.push((format!("{}/{}", around.join("/"), spelled(&words)), at + 1)),
            }
        }
    }
    all
}

fn spelled(words: &[&str]) -> String {
    let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let new = match words[0].as_str() {
        "lvs_sched" => "lb_algo",
        "lvs_method" => "lb_kind",
        "nb_get_retry" => "retry",
        _ => "",
    };
    if !new.is_empty() {
        words[0] = new.to_owned();
    }
    let text = words.join(" ");
    match words[0].as_str() {
        "auth_pass" => text.chars().take("auth_pass ".len() + 8).collect(),
        "unicast_src_ip" => text.trim_end_matches("/24").to_owned(),
        _ => text.replace(" dev eth0", "").replace(" root", ""),
    }
}

/// Whether a rendered file says a line that was in another.
fn says(rendered: &BTreeSet<String>, line: &str) -> bool {
    let bare = line.trim_end_matches("/24");
    // The instance's interface, where an address stands without one.
    let with_device = || {
        let (head, _) = line.split_once("/virtual_ipaddress/")?;
        let head = format!("{head}/interface ");
        let interface = rendered.iter().find_map(|other| other.strip_prefix(&head))?;
        Some(rendered.contains(&format!("{line} dev {interface}")))
    };
    // keepalived's default.
    line.ends_with("/state BACKUP")
        // A check of its own.
        || rendered.contains(&line.replace("/SMTP_CHECK/host/", "/SMTP_CHECK/"))
        // A mark's packets have one already.
        || line.starts_with("virtual_server fwmark ") && line.contains("/protocol ")
        || rendered.contains(line)
        || rendered.contains(&format!("{line} true"))
        || line.contains("unicast_peer") && rendered.contains(bare)
        || with_device().unwrap_or_default()
}

/// The statements of a file that what is rendered does not have, and how many of them the notes do not tell
/// of: by their line, or by the block that they stand in.
fn lost(file: &str, text: &str, rendered: &str, notes: &str) -> (usize, Vec<String>) {
    let rendered: BTreeSet<String> = lines(rendered).into_iter().map(|(line, _)| line).collect();
    let other: Vec<Line> = lines(text)
        .into_iter()
        .filter(|(line, _)| !line.contains(['$', '@']) && !says(&rendered, line))
        .collect();
    let told = |(line, at): &&Line| {
        let block = line.split('/').next().unwrap_or_default();
        let name = block.split(' ').nth(1).unwrap_or("-");
        notes.lines().any(|note| {
            let here = [':', ','].iter().any(|end| note.contains(&format!("{file}:{at}{end}")));
            let moved = note.contains(&format!(": {name} is "))
                || note.contains("groups nothing") && block.starts_with("vrrp_sync_group")
                || note.contains(&format!("`{block}` is not in the inventory"));
            here || note.contains(&format!("{file}:")) && moved
        })
    };
    let untold =
        other.iter().filter(|one| !told(one)).map(|(line, at)| format!("{file}:{at}: {line}"));
    (other.len(), untold.collect())
}

#[test]
fn nothing_is_lost_untold() {
    assert!(KINDS.len() >= 45, "{}", KINDS.len());
    let (mut statements, mut different) = (0, 0);
    for kind in KINDS {
        let (title, count, text, parts) = kind;
        let (place, run) = imported(kind);
        assert_eq!(run.code, Some(0), "{title}: {run:#?}");
        for part in *parts {
            assert!(run.stdout.contains(part), "{title}: {part}\nin {}", run.stdout);
        }
        for node in 1..=*count {
            let text = text(node);
            let own = if text.contains("router_id lb2") { "lb2" } else { &format!("lb{node}") };
            let rendered = place.run(&format!("--stdout --node {own}")).accepted();
            let (other, untold) = lost(&name(node), &text, &rendered, &run.stderr);
            assert!(untold.is_empty(), "{title}: {untold:#?}\nnotes: {}", run.stderr);
            statements += lines(&text).len();
            different += other;
        }
    }
    println!(
        "clusters: {} kinds, {statements} statements, {different} other than before and told",
        KINDS.len()
    );
}

/// keepalived's own, where its package brings them: they lie in a folder for documentation, which a small
/// system may lack.
#[test]
fn nothing_of_keepalived_s_samples_is_lost_untold() {
    let Ok(samples) = std::fs::read_dir(SAMPLES) else {
        println!("clusters: no samples of keepalived in {SAMPLES}");
        return;
    };
    let (mut imported, mut refused) = (0, Vec::new());
    for sample in samples.map(|sample| sample.unwrap().path()) {
        let name = sample.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read(&sample).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        if !name.starts_with("keepalived.conf") {
            continue;
        }
        let place = Place::with("");
        place.write(&name, &text);
        let run = import(&place, &format!("{name} --address 192.168.200.11 --id high"));
        place.write("inventory.yml", &run.stdout);
        if run.code != Some(0) {
            // Never without a reason.
            assert!(run.code == Some(1) && run.stderr.contains("error: "), "{name}: {run:#?}");
            refused.push(name);
            continue;
        }
        imported += 1;
        let rendered = place.run("--stdout").accepted();
        let untold = lost(&name, &text, &rendered, &run.stderr).1;
        assert!(untold.is_empty(), "{untold:#?}\nnotes: {}\n{rendered}", run.stderr);
    }
    println!("clusters: {imported} samples of keepalived imported, refused: {refused:?}");
}

#[test]
fn every_release_takes_what_is_rendered() {
    if !inside("clusters::every_release_takes_what_is_rendered") {
        return;
    }
    if let Some(reason) = skipped() {
        println!("clusters: skipped: {reason}");
        return;
    }
    let netns = Netns::new();
    let mut links = BTreeSet::new();
    let (mut files, mut refused) = (0, Vec::new());
    for kind in KINDS {
        let (place, run) = imported(kind);
        let inventory: String = run
            .stdout
            .lines()
            .filter(|line| !line.starts_with("target:"))
            .map(|line| format!("{line}\n"))
            .collect();
        for (version, target) in versions() {
            place.write("inventory.yml", format!("target: keepalived {target}\n{inventory}"));
            let run = place.run("--stdout");
            if run.code != Some(0) {
                assert!(
                    run.stderr.contains(&format!("keepalived {target} does not know")),
                    "{}: {run:#?}",
                    kind.0
                );
                refused.push(format!("{} for {version}", kind.0));
                continue;
            }
            for text in run.stdout.split("# ==> ").filter(|text| text.contains("vrrp_instance")) {
                let text = format!("# {text}");
                for interface in interfaces(&text) {
                    if links.insert(interface.clone()) {
                        netns.ip(&format!(
                            "link add {interface} type veth peer name peer{}",
                            links.len()
                        ));
                        netns.ip(&format!("link set {interface} up"));
                    }
                }
                // The roots have few programs.
                let text = text.replace("/etc/keepalived/up.sh", "/usr/bin/test");
                let text = if version == KILLS_ITSELF { as_root(&text).0 } else { text };
                let (code, said) = judge(&netns, version, &text);
                assert!(
                    code == Some(0) && said.is_empty(),
                    "{}, {version}: {code:?} {said}\n{text}",
                    kind.0
                );
                files += 1;
            }
        }
    }
    println!(
        "clusters: {files} files of {} kinds accepted; refused because of their target: {refused:?}",
        KINDS.len()
    );
}
