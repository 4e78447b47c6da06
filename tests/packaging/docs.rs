//! Manual pages and completions: one of each for every program, and nothing that groff or bash
//! complains about.

use std::fs;
use std::process::Command;

use clap::CommandFactory;
use lvskit::inventory::keys;

use super::built::installed;

const PROGRAMS: [&str; 3] = ["bypass-ipvs", "lvskit", "smtp-check"];

#[test]
fn every_program_and_subcommand_has_a_page_without_warnings() {
    let below = lvskit::Cli::command();
    let below = below.get_subcommands().map(|command| format!("lvskit-{}", command.get_name()));
    for name in PROGRAMS.map(str::to_owned).into_iter().chain(below) {
        let path = installed().join(format!("usr/share/man/man8/{name}.8"));
        let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        for section in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT CODES\"", "\"SEE ALSO\""]
        {
            assert!(page.contains(&format!("\n.SH {section}\n")), "{name} lacks {section}");
        }
        assert!(name == "lvskit" || page.contains("\n.SH EXAMPLES\n"), "{name} lacks examples");
        let groff = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(&path).output();
        let groff = groff.expect("groff is needed; tests/deps rpm installs it");
        assert_eq!(String::from_utf8_lossy(&groff.stderr), "", "{name}");
    }
}

#[test]
fn every_key_of_the_inventory_is_in_its_page() {
    let path = installed().join("usr/share/man/man5/lvskit-inventory.5");
    let groff =
        Command::new("groff").args(["-man", "-Tascii", "-P-cbou", "-ww"]).arg(&path).output();
    let groff = groff.expect("groff is needed; tests/deps rpm installs it");
    assert_eq!(String::from_utf8_lossy(&groff.stderr), "");
    let page = String::from_utf8(groff.stdout).unwrap();
    for key in keys::all() {
        let heads = |line: &str| line.trim_start().split(' ').next() == Some(key.name);
        assert!(page.lines().any(heads), "{} is missing", key.name);
    }
}

#[test]
fn every_finding_is_in_the_page_of_doctor() {
    let path = installed().join("usr/share/man/man8/lvskit-doctor.8");
    let page = fs::read_to_string(&path).unwrap();
    for one in lvskit::doctor::all() {
        let head = format!("\n\\fB{}\\fR ({})\n", one.id.replace('-', "\\-"), one.severity.word());
        assert!(page.contains(&head), "{} is missing", one.id);
    }
}

#[test]
fn every_program_has_completions() {
    let share = installed().join("usr/share");
    for name in PROGRAMS {
        let bash = share.join(format!("bash-completion/completions/{name}.bash"));
        let script = format!(". '{}' && complete -p {name}", bash.display());
        let status = Command::new("bash").args(["-euc", &script]).output().unwrap();
        assert!(status.status.success(), "{name}: {status:?}");
        let zsh = fs::read_to_string(share.join(format!("zsh/site-functions/_{name}"))).unwrap();
        assert!(zsh.starts_with(&format!("#compdef {name}\n")), "{name}");
        let fish = share.join(format!("fish/vendor_completions.d/{name}.fish"));
        let fish = fs::read_to_string(fish).unwrap();
        assert!(fish.contains(&format!("complete -c {name} ")), "{name}");
    }
}
