//! `lvskit schema` before a real validator of JSON schemas: it takes every sample, and refuses what
//! the program refuses for its shape alone. `--explain` tells of every key.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::place::{ARTICLE, PROGRAM, Place, Run, edited};

const VALIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gen_conf/validate.py");

/// What the validator says of files, a line for each that is valid.
fn validate(place: &Place, files: &[String]) -> String {
    let schema = Run::of(place.command(PROGRAM).arg("schema").output().unwrap()).success();
    place.write("schema.json", &schema);
    let mut command = place.command("/usr/bin/python3");
    command.arg(VALIDATE).arg("schema.json").args(files);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "python3-jsonschema is needed, run tests/deps schema: {run:?}");
    run.stdout
}

#[test]
fn every_sample_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("keepalived");
    let samples = fs::read_dir(folder.join("samples")).unwrap().map(|file| file.unwrap().path());
    let files: Vec<String> = (samples.chain([folder.join("inventory.yml")]))
        .map(|file| file.to_str().unwrap().to_owned())
        .collect();
    assert!(files.len() > 8, "{files:?}");
    let said = validate(&Place::with(""), &files);
    assert_eq!(
        said.lines().filter(|line| line.ends_with(": valid")).count(),
        files.len(),
        "{said}"
    );
    assert_eq!(said.lines().count(), files.len(), "{said}");
}

#[test]
fn what_has_the_wrong_shape_is_not() {
    let place = Place::with("");
    let wrong = [
        ("a key that there is not", edited(&[("advert_int: 2", "advert_in: 2")])),
        ("a number out of range", edited(&[("virtual_router_id: 11", "virtual_router_id: 256")])),
        ("a word that there is not", edited(&[("lb_algo: wlc", "lb_algo: wlx")])),
        ("a key that is required", edited(&[("    virtual_router_id: 11", "    # none")])),
        ("a key of another check", edited(&[("type: SMTP_CHECK", "type: TCP_CHECK")])),
        ("a list for a value", edited(&[("port: 25", "port: [25]")])),
        ("a network without its length", format!("network: 192.168.3.0\n{ARTICLE}")),
    ];
    for (what, text) in wrong {
        place.write("wrong.yml", &text);
        let said = validate(&place, &["wrong.yml".to_owned()]);
        assert!(!said.is_empty() && !said.contains("valid\n"), "{what}: {said}");
    }
    place.write("right.yml", ARTICLE);
    assert_eq!(validate(&place, &["right.yml".to_owned()]), "right.yml: valid\n");
}

/// Runs `gen-conf --explain`.
fn explain(key: &str) -> Run {
    Run::of(Command::new(PROGRAM).args(["gen-conf", "--explain", key]).output().unwrap())
}

#[test]
fn a_key_is_explained_with_its_values_its_default_and_its_release() {
    let told = explain("down_timer_adverts").success();
    for part in [
        "vrrp_instance.down_timer_adverts",
        "a whole number from 1 to 100",
        "default: 3",
        "since:   keepalived 2.2",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(explain("virtual_server").success().contains("has these keys:"));
    assert!(explain("virtual_server.check.retry").success().contains("check.SMTP_CHECK.retry\n"));
    let network = explain("network").success();
    assert!(network.contains("value:   an address and a prefix length, such as"), "{network}");
    let Run { code, stdout, stderr } = explain("virtual_server.chek");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("did you mean `virtual_server.check`?"), "{stderr}");
    let help = Run::of(Command::new(PROGRAM).args(["gen-conf", "--help"]).output().unwrap());
    assert!(help.success().contains("with --explain: there is no such key\n"), "1 is listed");
}
