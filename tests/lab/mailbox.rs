//! The article's mail server 192.168.3.1, which takes keepalived's own notifications: Postfix's
//! smtp-sink, each mail kept in a file.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use nix::unistd::User;

use crate::network;
use crate::sandbox::ROOT;

/// `smtp_server` of the article.
const ADDRESS: &str = "192.168.3.1";

pub struct Mailbox {
    folder: PathBuf,
    _sink: Child,
}

impl Mailbox {
    /// Puts the mail server on the switch. It ends with the lab.
    pub fn start() -> Result<Mailbox> {
        let folder = Path::new(ROOT).join("mailbox");
        fs::create_dir_all(&folder)?;
        let postfix = User::from_name("postfix")?.context("Postfix is not installed")?;
        chown(&folder, Some(postfix.uid.as_raw()), Some(postfix.gid.as_raw()))?;
        let (netns, _) = network::host("mail", ADDRESS.parse()?)?;
        let mut command = Command::new("/usr/sbin/smtp-sink");
        command.args(["-u", "postfix", "-d"]).arg(folder.join("%M-"));
        command.arg(format!("{ADDRESS}:25")).arg("100");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let sink = netns.run(|| command.spawn()).context("smtp-sink")?;
        Ok(Mailbox { folder, _sink: sink })
    }

    /// The mails that arrived, whole.
    pub fn mails(&self) -> Result<Vec<String>> {
        let mut mails = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            mails.push(String::from_utf8_lossy(&fs::read(file?.path())?).into_owned());
        }
        Ok(mails)
    }
}
