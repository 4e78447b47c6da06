//! `lvskit doctor --cluster`: what only all nodes together show. Each is asked for its report; then one
//! table, one conclusion, and what to do, in the order in which to do it.
//!
//! - `whole` is what the judgement goes by; `differs` compares files;
//! - `lints` are the checks, `judge` runs them and draws the conclusion;
//! - `tell` writes it as text and JSON, `page` as a page for a browser.

mod differs;
mod judge;
mod lints;
mod page;
mod run;
mod tell;
mod whole;

pub(super) use lints::LINTS;
pub(super) use run::run;

#[cfg(test)]
mod tests;
