//! The VRRP password stands in the rendered files and nowhere else: an inventory's problems are
//! shown with their source lines, and end in terminals, logs and CI.

use crate::place::{Place, Run, edited};

/// Longer than a password may be, so that each inventory is refused.
const SECRET: &str = "geheimgeheim";

const AUTHENTICATION: &str = "authentication: {auth_type: PASS, auth_pass: mrelay}";

/// Runs the program on the article's inventory with another `authentication`; the password must
/// not show. Returns standard error.
fn shown(authentication: &str) -> String {
    assert!(authentication.contains(SECRET));
    let place = Place::with(edited(&[(AUTHENTICATION, authentication)]));
    let Run { code, stdout, stderr } = place.run("--out-dir out");
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("--> inventory.yml:2"), "a place in `authentication`: {stderr}");
    assert!(!stderr.contains(SECRET), "the password is shown:\n{stderr}");
    stderr
}

#[test]
fn a_password_that_is_too_long_is_masked() {
    let report = shown(&format!("authentication: {{auth_type: PASS, auth_pass: {SECRET}}}"));
    assert!(report.contains("the password is longer than 8 characters"), "{report}");
    assert!(report.contains("auth_pass: ************}"), "the line is there: {report}");
    shown(&format!("authentication:\n      auth_pass: '{SECRET}' # {SECRET}"));
    shown(&format!("authentication: {{\"auth_pass\": \"{SECRET}\"}}"));
}

#[test]
fn problems_beside_the_password_do_not_show_it() {
    for authentication in [
        format!("authentication: {{auth_pass: {SECRET}, auth_type: AH}}"),
        format!("authentication: {{auth_typ: PASS, auth_pass: {SECRET}}}"),
        format!("authentication: {{auth_pass: [{SECRET}]}}"),
        format!("authentication: {{auth_pass: {{{SECRET}: x}}}}"),
        format!("authentication: {{auth_pass: x, auth_pass: {SECRET}}}"),
    ] {
        shown(&authentication);
    }
}

#[test]
fn broken_yaml_does_not_show_it() {
    for authentication in [
        format!("authentication: {{auth_pass: {SECRET}: x}}"),
        format!("authentication: {{auth_pass: \"{SECRET}\\q\"}}"),
        format!("authentication: {{auth_pass: *{SECRET}}}"),
        format!("authentication: {{auth_pass: !!int {SECRET}}}"),
        format!("authentication: {{auth_pass: {SECRET}]"),
    ] {
        shown(&authentication);
    }
}

#[test]
fn a_password_below_its_key_does_not_show() {
    shown(&format!("authentication:\n      auth_pass:\n        {SECRET}"));
}

#[test]
fn a_block_scalar_does_not_show() {
    shown(&format!("authentication:\n      auth_pass: >-\n        {SECRET}"));
}

#[test]
fn a_password_under_a_misspelt_key_does_not_show() {
    shown(&format!("authentication: {{auth_type: PASS, auth_pas: {SECRET}}}"));
}

#[test]
fn a_password_in_place_of_the_section_does_not_show() {
    shown(&format!("authentication: {SECRET}"));
}

#[test]
fn a_password_that_changed_places_with_its_type_does_not_show() {
    shown(&format!("authentication: {{auth_type: {SECRET}, auth_pass: PASS}}"));
}

/// The report shows the line where the value is written, which may be far from its key.
#[test]
fn a_password_behind_an_anchor_does_not_show() {
    let authentication = "authentication: {auth_type: PASS, auth_pass: *p}";
    for key in ["  notification_email: unix_adm@domain.ru", "  smtp_server: 192.168.3.1"] {
        for anchored in [
            format!("{key}\n  x: &p {SECRET}"),
            format!("{key}\n  x: &p '{SECRET}'"),
            format!("{key}\n  x: &p\n    {SECRET}"),
            format!("{key}\n  x: [1, &p {SECRET}]"),
        ] {
            let place = Place::with(edited(&[(key, &anchored), (AUTHENTICATION, authentication)]));
            let Run { code, stderr, .. } = place.run("--stdout");
            assert_eq!(code, Some(1));
            assert!(stderr.contains("longer than 8") && !stderr.contains(SECRET), "{stderr}");
        }
    }
}

#[test]
fn a_password_in_a_flow_mapping_over_several_lines_does_not_show() {
    for authentication in [
        format!("authentication: {{auth_type: PASS, auth_pass:\n      {SECRET}}}"),
        format!("authentication: {{\n      auth_type: PASS, auth_pass:\n    {SECRET}}}"),
        format!("authentication: {{\n     auth_pass:\n     \"{SECRET}\"\n     }}"),
    ] {
        shown(&authentication);
    }
}

#[test]
fn what_a_command_logs_in_with_does_not_show() {
    for login in [format!("--password={SECRET}"), format!("http://a:{SECRET}@b/")] {
        let command = format!("  startup_script: run {login} now");
        let place = Place::with(edited(&[("  smtp_server: 192.168.3.1", &command)]));
        let Run { code, stderr, .. } = place.run("--out-dir out");
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains("invalid command") && stderr.contains(" now\n"), "{stderr}");
        assert!(!stderr.contains(SECRET), "{stderr}");
    }
}

/// A `#` in quotes or in a block begins no comment, and what a comment says of a password is shown
/// no more than the password; messages repeat words in quotes of several kinds.
#[test]
fn what_looks_like_a_comment_hides_no_password() {
    let command = |line: String| edited(&[("  smtp_server: 192.168.3.1", line.as_str())]);
    for inventory in [
        command(format!("  startup_script: 'run #1 --tag #1 --password {SECRET}'")),
        command(format!("  startup_script: |\n    run --tag \"a #b\" --password {SECRET}")),
        command(format!("  startup_script: run # was --password {SECRET}")),
        command(format!("  startup_script: run --password a`{SECRET}")),
        command(format!("  --password={SECRET}: x")),
        command(format!("  smtp_auth: {{script: 'run -p x --password {SECRET}'}}")),
        edited(&[(
            "vrrp_instance:",
            &format!(
                "vrrp_script:\n  chk_auth: {{script: 'run --password={SECRET}'}}\nvrrp_instance:"
            ),
        )]),
        edited(&[(AUTHENTICATION, &format!("auth_pass {SECRET}: x"))]),
        edited(&[
            ("type: SMTP_CHECK #", "type: smtp-check #"),
            ("retry: 3", &format!("retry: 3\n      options: ['--starttls password:{SECRET}']")),
        ]),
    ] {
        let place = Place::with(&inventory);
        let Run { code, stderr, .. } = place.run("--out-dir out");
        assert_eq!(code, Some(1), "{inventory}\n{stderr}");
        assert!(!stderr.contains(SECRET), "{stderr}");
    }
}

#[test]
fn a_comment_on_passwords_is_no_password() {
    let inventory = edited(&[
        ("preempt: true", "garp_master_delay: is # the password is in the vault"),
        ("nodes:", "# pass: a number\nnodes:"),
    ]);
    let Run { stderr, .. } = Place::with(inventory).run("--out-dir out");
    assert!(stderr.contains("write a whole number from 0 to 4294"), "{stderr}");
}

#[test]
fn a_good_password_is_only_in_the_files() {
    let place = Place::with(edited(&[("auth_pass: mrelay", "auth_pass: g#heim")]));
    for options in ["--out-dir out", "--out-dir out --json"] {
        let said = place.run(options).success();
        assert!(said.contains("server01.domain.ru") && !said.contains("g#heim"), "{said}");
    }
    assert!(place.read("out/server01.domain.ru/keepalived.conf").contains("\"g#heim\""));
}

/// The inventory with its password elsewhere.
fn elsewhere(auth_pass: &str) -> Place {
    let authentication = format!("authentication: {{auth_type: PASS, auth_pass: {auth_pass}}}");
    Place::with(edited(&[(AUTHENTICATION, authentication.as_str())]))
}

#[test]
fn a_password_may_stand_in_a_file_or_in_the_environment() {
    let place = elsewhere("{file: secrets/vrrp}");
    place.write("secrets/vrrp", "p#ss wd\nnot this\n");
    assert!(place.run("--stdout").success().contains("        auth_pass \"p#ss wd\"\n"));

    let place = elsewhere("{env: VRRP_PASS}");
    let mut command = place.command(crate::place::PROGRAM);
    command.args(["gen-conf", "-i", "inventory.yml", "--stdout"]).env("VRRP_PASS", "mrelay");
    assert!(Run::of(command.output().unwrap()).success().contains("        auth_pass mrelay\n"));
}

#[test]
fn a_password_that_is_not_there_is_a_problem_of_the_inventory() {
    for (auth_pass, title) in [
        ("{file: secrets/vrrp}", "secrets/vrrp: No such file"),
        ("{env: VRRP_PASS}", "there is no environment variable VRRP_PASS"),
        ("{file: secrets/long}", "the password is longer than 8 characters"),
        ("{file: secrets/vault}", "the password is still encrypted by Ansible Vault"),
        ("{file: a, env: b}", "a password from one place"),
    ] {
        let place = elsewhere(auth_pass);
        place.write("secrets/long", SECRET);
        place.write("secrets/vault", "$ANSIBLE_VAULT;1.1;AES256\n663\n");
        let Run { code, stdout, stderr } = place.run("--stdout");
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{auth_pass}");
        assert!(stderr.contains(title) && stderr.contains("--> inventory.yml:2"), "{stderr}");
        assert!(!stderr.contains(SECRET), "{stderr}");
    }
}

/// The whole file, and not only its password; what is encrypted is not shown either.
#[test]
fn an_inventory_that_is_still_encrypted_is_told_as_such() {
    let encrypted = "$ANSIBLE_VAULT;1.1;AES256\n66383039306536\n3463\n";
    for text in [encrypted.to_owned(), format!("\n{encrypted}"), encrypted.replace('\n', "\r\n")] {
        let Run { code, stdout, stderr } = Place::with(&text).run("--out-dir out");
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        let title = "error: the inventory is still encrypted by Ansible Vault\n";
        assert!(stderr.starts_with(title), "{stderr}");
        assert!(stderr.contains("help: let Ansible decrypt it: `ansible-vault view "), "{stderr}");
        assert!(stderr.contains(": 1 problem; nothing was written"), "{stderr}");
        assert!(!stderr.contains("663830"), "{stderr}");
    }
}

/// The values of `text` are hidden where they may be passwords; what is no value is never eaten, so that
/// the line can still be read.
#[test]
fn masks_leave_keys_and_punctuation_alone() {
    let wrong = edited(&[
        ("virtual_router_id: 11", "virtual_router_id: 300"),
        ("interface: eth0", "interface: eth0/0"),
        ("192.168.3.102", "192.168.3.302"),
        ("auth_pass: mrelay", &format!("auth_pass: {SECRET}")),
    ]);
    let tree: serde_json::Value = serde_saphyr::from_str(&wrong).unwrap();
    let pretty = format!("{tree:#}");
    let inline = pretty.replace("\n        \"auth_pass\"", " \"auth_pass\"");
    for text in [pretty, inline, tree.to_string()] {
        let place = Place::with(&text);
        let Run { code, stderr, .. } = place.run("--out-dir out");
        assert_eq!(code, Some(1), "{stderr}");
        assert!(!stderr.contains(SECRET), "{stderr}");
        for (number, line) in stderr.lines().filter_map(|line| line.split_once(" | ")) {
            let Ok(number) = number.trim().parse::<usize>() else { continue };
            // Long lines are cut.
            if line.contains("...") {
                continue;
            }
            let source = text.lines().nth(number - 1).unwrap();
            for mark in [",", ": ", "{", "}", "[", "]"] {
                assert_eq!(line.matches(mark).count(), source.matches(mark).count(), "{line}");
            }
        }
        assert!(stderr.contains("\"virtual_router_id\":"), "{stderr}");
    }
    let anchored = edited(&[
        ("- {name: server01", "- &first {name: server01"),
        ("192.168.3.101", "192.168.3.301"),
    ]);
    let Run { stderr, .. } = Place::with(anchored).run("--out-dir out");
    assert!(stderr.contains(" {name: ******************, address: *************}"), "{stderr}");
}
