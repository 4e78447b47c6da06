//! Which Ansible plays what. A play takes seconds, so in `make test` each test plays with one of them, split so that each
//! of them plays every playbook and every file of tasks; in `make packages` each test plays with the other one too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::built::run;
use super::common::netns::own_name;

/// One of those that users have; tests/deps ansible installs both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ansible {
    /// The distribution's, 2.14 in Debian 12.
    Own,
    /// 2.19, which takes no string for a condition.
    Newer,
}

use Ansible::{Newer, Own};

/// In the environment: each test plays with the one that it does not play with in `make test`.
const OTHER: &str = "LVSKIT_TEST_OTHER_ANSIBLE";

/// In the environment: the folder of another Ansible's programs, with which each test plays.
const PROGRAMS: &str = "LVSKIT_TEST_ANSIBLE";

/// The tests that play, as `cargo test` filters them.
const MODULES: [&str; 5] = ["collection::", "firewall::", "playbook::", "restart::", "rolling::"];

/// Those that play with the newer one in `make test`; all others play with the distribution's.
const WITH_NEWER: [&str; 16] = [
    "firewall::nftables_lets_the_cluster_in",
    "playbook::a_node_that_can_not_be_reached_stops_all_of_them",
    "playbook::a_node_that_can_not_compare_says_why",
    "playbook::a_password_may_stand_outside_of_the_inventory",
    "playbook::check_mode_tells_what_a_run_would_change",
    "playbook::each_node_gets_its_file_once",
    "playbook::the_inventory_may_be_json",
    "restart::a_node_that_never_answers_ends_it",
    "rolling::a_backup_that_never_reloads_stays_drained",
    "rolling::a_check_of_a_restart_changes_nothing",
    "rolling::a_master_that_does_not_reload_takes_all_back",
    "rolling::a_node_that_is_not_named_does_not_leave",
    "rolling::a_node_whose_restart_fails_stays_drained",
    "rolling::errors_in_the_judgement_of_the_cluster_end_the_play",
    "rolling::the_others_serve_when_the_master_dies_and_is_out_of_reach",
    "rolling::the_service_restarts_on_one_drained_server_after_the_other",
];

/// What some of them play, as the plays themselves have to show: together all that there is, with each Ansible.
const PLAYED: [(&str, &[&str]); 10] = [
    ("firewall::firewalld_lets_the_cluster_in", FIREWALL),
    ("firewall::nftables_lets_the_cluster_in", FIREWALL),
    ("restart::a_node_that_never_answers_ends_it", &["restart.yml"]),
    ("restart::it_waits_until_a_node_answers_and_then_goes_on", &["restart.yml"]),
    ("rolling::a_backup_that_does_not_reload_takes_all_back", SPLIT),
    ("rolling::a_backup_that_never_reloads_stays_drained", SPLIT),
    ("rolling::a_check_of_a_restart_changes_nothing", RESTART),
    ("rolling::a_node_leaves_when_it_is_named", DECOMMISSION),
    ("rolling::a_node_that_is_not_named_does_not_leave", DECOMMISSION),
    ("rolling::keepalived_restarts_on_one_drained_node_after_the_other", RESTART),
];

const DECOMMISSION: &[&str] = &["decommission.yml", "tasks/decommission.yml"];

const FIREWALL: &[&str] = &["firewall.yml", "tasks/firewall.yml"];

const RESTART: &[&str] = &[
    "keepalived.yml",
    "tasks/cluster.yml",
    "tasks/doctor.yml",
    "tasks/drain.yml",
    "tasks/inventory.yml",
    "tasks/look.yml",
    "tasks/restart.yml",
    "tasks/roles.yml",
    "tasks/status.yml",
    "tasks/undrain.yml",
];

const SPLIT: &[&str] = &[
    "site.yml",
    "tasks/apply.yml",
    "tasks/compare.yml",
    "tasks/render.yml",
    "tasks/split.yml",
    "tasks/split_failed.yml",
];

impl Ansible {
    /// The one that the running test plays with.
    pub fn of_this_test() -> Ansible {
        let usual = Ansible::of(&own_name());
        match (usual, std::env::var_os(OTHER).is_some()) {
            (Own, true) => Newer,
            (Newer, true) => Own,
            (usual, false) => usual,
        }
    }

    /// The one that a test plays with in `make test`.
    fn of(test: &str) -> Ansible {
        if WITH_NEWER.contains(&test) { Newer } else { Own }
    }

    /// One of its programs, such as `ansible-playbook`.
    pub fn program(self, name: &str) -> PathBuf {
        if let Some(folder) = std::env::var_os(PROGRAMS) {
            return Path::new(&folder).join(name);
        }
        match self {
            Own => name.into(),
            Newer => {
                Path::new(env!("CARGO_MANIFEST_DIR")).join("target/ansible-2.19/bin").join(name)
            }
        }
    }
}

/// Fails if the running test did not play what its line in PLAYED names; `said` is what its plays said at `-vv`.
pub fn assert_played(said: &str) {
    let name = own_name();
    let files = PLAYED.iter().filter(|(test, _)| *test == name).flat_map(|(_, files)| *files);
    for file in files {
        let shown = [format!("PLAYBOOK: {file} "), format!("/{file}:")];
        assert!(shown.iter().any(|words| said.contains(words)), "{file} was not played");
    }
}

/// The playbooks, and the files of tasks that do more than to import others.
fn all_files() -> BTreeSet<String> {
    let collection = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/ansible");
    let names = |folder: &str, prefix: &str| {
        let files = fs::read_dir(collection.join(folder)).unwrap().map(|file| file.unwrap().path());
        let own = files.filter(|file| {
            fs::read_to_string(file)
                .unwrap()
                .lines()
                .any(|line| line.contains("ansible.builtin.") && !line.contains("import_tasks"))
        });
        own.map(|file| format!("{prefix}{}", file.file_name().unwrap().display()))
            .collect::<Vec<_>>()
    };
    names("playbooks", "").into_iter().chain(names("roles/node/tasks", "tasks/")).collect()
}

#[test]
fn each_plays_every_playbook_and_every_file_of_tasks() {
    let tests = run(Command::new(std::env::current_exe().unwrap()).arg("--list"));
    let named = WITH_NEWER.iter().chain(PLAYED.iter().map(|(test, _)| test));
    for test in named {
        assert!(tests.contains(&format!("{test}: test\n")), "{test} is no test");
    }
    for ansible in [Own, Newer] {
        let of_it = PLAYED.iter().filter(|(test, _)| Ansible::of(test) == ansible);
        let files: BTreeSet<String> =
            of_it.flat_map(|(_, files)| *files).map(|file| (*file).to_owned()).collect();
        assert_eq!(files, all_files(), "{ansible:?}");
    }
}

/// What `make test` leaves out.
#[test]
#[ignore = "plays for minutes: make packages"]
fn every_test_plays_with_the_other_one_too() {
    let mut tests = Command::new(std::env::current_exe().unwrap());
    assert!(tests.args(MODULES).env(OTHER, "1").status().unwrap().success());
}
