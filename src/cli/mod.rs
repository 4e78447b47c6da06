//! The command lines, each defined once: parser, help, manual page and completions come from here.

pub mod doctor;
pub mod drain;
pub mod graph;
pub mod import;
pub mod init;
pub mod lvskit;
pub mod status;
