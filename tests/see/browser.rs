//! The page of `lvskit doctor --cluster --html` and the picture of `lvskit graph` in a real browser without a
//! screen: they are drawn, the console stays empty, and no request leaves the file. In a namespace without a
//! network, so that the browser's own questions go nowhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::cluster::{Controller, INVENTORY};
use crate::common::netns::inside;
use crate::common::patience::until;
use crate::node::PROGRAM;

/// Whom the browser itself would ask.
const BROWSERS_OWN: [&str; 3] = [".google.com/", ".googleapis.com/", ".gvt1.com/"];

/// What a browser made of a page.
struct Shown {
    /// The elements.
    dom: String,
    /// What it logged, its console among that.
    log: String,
    /// What it would have fetched.
    requests: BTreeSet<String>,
}

/// On a busy machine a browser sometimes ends without a page; then it is started again.
fn shown(page: &Path) -> Shown {
    let mut found = Err("it was not started".to_owned());
    until(
        Duration::from_millis(50),
        || "the browser shows no page".to_owned(),
        || {
            found = show(page);
            found.as_ref().inspect_err(|why| eprintln!("chromium: {why}")).is_ok()
        },
    );
    found.unwrap()
}

/// Starts a browser once; why it shows nothing.
fn show(page: &Path) -> Result<Shown, String> {
    let folder = tempfile::tempdir().unwrap();
    let requests = folder.path().join("requests.json");
    let mut command = Command::new("chromium");
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    command.args([
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
    ]);
    command.args(["--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom"]);
    command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
    command.arg(format!("--log-net-log={}", requests.display()));
    command.arg(format!("file://{}", page.display()));
    let output = command.output().expect("chromium is needed; tests/deps browser installs it");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let dom = String::from_utf8(output.stdout).unwrap();
    if !output.status.success() || !dom.contains("</") {
        return Err(format!("{}: {dom}{log}", output.status));
    }
    let text = fs::read_to_string(&requests).map_err(|error| format!("{error}: {log}"))?;
    let urls = text.split("\"url\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let own = |url: &str| BROWSERS_OWN.iter().any(|host| url.contains(host));
    let sent = |url: &&str| !own(url) && !url.starts_with("data:") && !url.starts_with("file:");
    Ok(Shown { dom, log, requests: urls.filter(sent).map(str::to_owned).collect() })
}

#[test]
fn the_page_is_complete_and_quiet() {
    if !inside("browser::the_page_is_complete_and_quiet") {
        return;
    }
    // First a page that does what ours must not: this test would see it.
    let controller = Controller::new(
        &INVENTORY.replace("mail:", "'<i>evil&':"),
        "echo '<script>alert(1)</script>'",
    );
    let loud = controller.path("loud.html");
    let text = "<script>setInterval(() => console.error('loud'), 50)</script><img src=\"http://192.0.2.1/x.png\">";
    fs::write(&loud, text).unwrap();
    let fetched = BTreeSet::from(["http://192.0.2.1/x.png".to_owned()]);
    // A browser that ends tells what its page has said so far, on a busy machine not always all: six looks.
    until(
        Duration::from_millis(50),
        || "the browser tells nothing of what a page says and fetches".to_owned(),
        || {
            let told = shown(Path::new(&loud));
            told.log.contains("CONSOLE") && told.log.contains("loud") && told.requests == fetched
        },
    );

    let page = controller.path("page.html");
    controller.run(&["doctor", "--cluster", "--html", &page]);
    let told = shown(Path::new(&page));
    assert!(!told.log.contains("CONSOLE"), "{}", told.log);
    assert_eq!(told.requests, BTreeSet::new());
    for words in ["<svg ", "<table>", "report-unreadable", "&lt;i&gt;evil&amp;", "no answer"] {
        assert!(told.dom.contains(words), "no {words}: {}", told.dom);
    }
    assert!(!told.dom.contains("<script") && !told.dom.contains("<i>"), "{}", told.dom);
    // What is drawn has a size.
    let svg = controller.path("cluster.svg");
    let graph = ["graph", "-i", &controller.path("inventory.yml"), "-o", &svg];
    assert!(Command::new(PROGRAM).args(graph).status().unwrap().success());
    let told = shown(Path::new(&svg));
    assert!(!told.log.contains("CONSOLE") && told.requests.is_empty(), "{}", told.log);
    assert!(told.dom.contains("MASTER: server01"), "{}", told.dom);
}
