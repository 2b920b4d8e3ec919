//! The C header, made by cbindgen from the C crate.

use std::path::Path;

/// The header's text.
pub fn text() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let c = root.join("bindings/c");
    let config = cbindgen::Config::from_file(c.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in ["constants", "values", "handle", "open", "levels", "vips", "server", "outcome", "tables"] {
        builder = builder.with_src(c.join(format!("src/{file}.rs")));
    }
    let mut bytes = Vec::new();
    builder.generate().expect("bindings").write(&mut bytes);
    String::from_utf8(bytes).expect("UTF-8")
}
