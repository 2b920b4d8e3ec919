//! Answers questions about sysctl files: one question in JSON a line on standard input, one answer a line on standard output.
//!
//!     cargo run --example lvsarp_resolve
//!     {"root": "/", "loader": "systemd-sysctl 252", "interfaces": ["eth0"]}

#[path = "../tests/boot/ask.rs"]
mod ask;

use std::io::{BufRead, Write};

use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer =
            serde_json::from_str::<Value>(&line?).map_err(Into::into).and_then(|question| ask::answer(&question));
        writeln!(out, "{}", answer.unwrap_or_else(|error| json!({"error": error.to_string()})))?;
        out.flush()?;
    }
    Ok(())
}
