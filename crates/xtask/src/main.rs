//! cargo xtask: what cargo does not build.
//!
//!     cargo xtask header [--check]   include/lvsarp.h from bindings/c
//!     cargo xtask map [--check]      bindings/c/lvsarp.map, the exported symbols and their versions
mod header;
fn main() {
    let text = header::text();
    std::fs::create_dir_all("include").unwrap();
    std::fs::write("include/lvsarp.h", text).unwrap();
}
