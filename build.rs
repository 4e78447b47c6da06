//! One library less for the loader. Rust's programs need libgcc_s to unwind, and loading it takes a
//! fifth of the time of a whole check; keepalived runs hooks and checks by the thousand. gcc has the
//! same code as an archive, of which the linker takes what is used.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu") {
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
