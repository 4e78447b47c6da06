//! `lvskit schema` before a real validator of JSON schemas: it takes every sample, and refuses what
//! the program refuses for its shape alone. `lvskit explain` tells of every key.

use std::fs;
use std::path::Path;
use std::process::Command;

use lvskit::cluster::Release;
use lvskit::inventory::keys::{Key, Role, Value, sections};
use serde_json::{Value as Json, json};

use crate::keys;
use crate::place::{ARTICLE, PROGRAM, Place, Run, edited};

const VALIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gen_conf/validate.py");

const SAME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gen_conf/same.py");

/// What the validator says of files, a line for each that is valid.
fn validate(place: &Place, files: &[String]) -> String {
    python(place, VALIDATE, files)
}

/// What a script says of the schema and of files.
fn python(place: &Place, script: &str, files: &[String]) -> String {
    let schema = Run::of(place.command(PROGRAM).arg("schema").output().unwrap()).success();
    place.write("schema.json", &schema);
    let mut command = place.command("/usr/bin/python3");
    command.arg(script).arg("schema.json").args(files);
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

/// No more than editors fetch in a moment.
const LARGEST: usize = 200_000;

/// What every key is asked, beside what it says itself that it can and can't be.
const TEXTS: &[&str] = &[
    "true",
    "false",
    "0",
    "1",
    "2",
    "-1",
    "3",
    "255",
    "256",
    "1000",
    "1001",
    "4294",
    "4295",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "0.5",
    "0.01",
    "0.015",
    "0.0000001",
    "FOO",
    "A",
    "AAA",
    "RRSIG",
    "DNSKEY",
    "SRV",
    "TCP",
    "tcp",
    "wlc",
    "WLC",
    "twos",
    "DR",
    "NAT x",
    "MASTER",
    "BACKUP",
    "2.2",
    "2.2.7",
    "keepalived 2.3",
    "2.9",
    "eth0",
    "lo",
    "a b",
    "a/b",
    "/bin/x",
    "//x",
    "/run/",
    "/bin/x 'a",
    "x@y.z",
    "@y",
    "10.0.0.1",
    "10.0.0.300",
    "127.0.0.1",
    "10.0.0.1/24",
    "fd00::1",
    "fd00::1 25",
    "10.0.0.1 0",
    "forever",
    "uniform",
    "bfd",
    "5 reverse",
    "300 reverse",
    "x weight 3",
    "x weight",
    "$HOME",
    "{",
    "узел",
    "a\"b",
    "root",
    "a b c",
    "hostname",
    "PASS",
    "AH",
    "inet6",
    "123456789",
    "1.0C",
    "smtp-check",
    "HTTP",
];

/// The values of which a key has one.
fn simple(value: &Value) -> Vec<&Value> {
    match value {
        Value::OneOrMore(inner) => simple(inner),
        Value::FlagOr(inner) => [value].into_iter().chain(simple(inner)).collect(),
        Value::AnyOf(values) => values.iter().flat_map(simple).collect(),
        value => vec![value],
    }
}

/// Whether a pattern says less than the reader: of numbers in quotes it can't say the range.
fn is_loose(key: &Key, quoted: bool) -> bool {
    simple(&key.value).into_iter().any(|value| match value {
        Value::Int(..) => quoted,
        Value::Form(_) | Value::Weight(..) | Value::Seconds(..) => true,
        Value::Kind(kind) => kind.numeric && !quoted,
        // To JSON, 1 and 1.0 are the same.
        Value::OneOf(choices) => !quoted && choices.iter().any(|one| one.name.contains('.')),
        _ => false,
    })
}

#[test]
fn schema_and_reader_accept_and_refuse_the_same_for_every_key() {
    let (mut cases, mut loose) = (Vec::new(), 0);
    for (path, table) in sections() {
        for key in table.keys() {
            let scalar = |value: &Value| {
                !matches!(
                    value,
                    Value::Lines
                        | Value::Section(_)
                        | Value::Sections(_)
                        | Value::List(_)
                        | Value::Named(_)
                        | Value::NamedLines
                        | Value::Checks
                        | Value::FalseOr(Value::Section(_))
                )
            };
            // `type` says which of the sections it is.
            if !simple(&key.value).into_iter().any(scalar) || key.name == "type" {
                continue;
            }
            let own = simple(&key.value).into_iter().flat_map(|value| match value {
                Value::Kind(kind) => vec![kind.good, kind.bad],
                Value::Form(form) => vec![form.good, form.bad],
                Value::OneOf(choices) => choices.iter().map(|choice| choice.name).collect(),
                _ => Vec::new(),
            });
            for text in TEXTS.iter().copied().chain(own) {
                let accepted = key.read(text, Release::NEWEST).is_ok();
                for quoted in [true, false] {
                    let loose_here = !accepted && is_loose(key, quoted);
                    loose += usize::from(loose_here);
                    cases.push(json!([path, key.name, text, quoted, accepted, loose_here]));
                }
            }
        }
    }
    assert!(cases.len() > 20_000 && loose < cases.len() / 2, "{} of {}", loose, cases.len());
    let place = Place::with("");
    place.write("cases.json", Json::Array(cases).to_string());
    let said = python(&place, SAME, &["cases.json".to_owned()]);
    assert_eq!(said, "", "{said}");
}

#[test]
fn the_schema_is_small_and_finds_no_fault_with_what_is_accepted() {
    let place = Place::with("");
    let schema = Run::of(place.command(PROGRAM).arg("schema").output().unwrap()).success();
    assert!(schema.len() < LARGEST, "{} bytes", schema.len());
    let mut files = Vec::new();
    for (path, table) in sections() {
        for key in table.keys().filter(|key| key.role == Role::Plain) {
            let Some(text) = keys::inventory(&path, key) else { continue };
            let name = format!("{path}.{}.yml", key.name);
            place.write(&name, &text);
            files.push(name);
        }
    }
    place.write("everything.yml", include_str!("everything.yml"));
    files.push("everything.yml".to_owned());
    let said = validate(&place, &files);
    let wrong: Vec<&str> = said.lines().filter(|line| !line.ends_with(": valid")).collect();
    assert!(wrong.is_empty() && files.len() > 150, "{}", wrong.join("\n"));
}

/// Runs `lvskit explain`.
fn explain(key: &str) -> Run {
    Run::of(Command::new(PROGRAM).args(["explain", key]).output().unwrap())
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
}
