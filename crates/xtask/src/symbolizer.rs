//! Leaves the symbolizer of Rust's standard library out of the object that the C libraries are made of.
//!
//! The default panic hook prints a backtrace where RUST_BACKTRACE is set. For that the standard library carries a
//! reader of DWARF, a decompressor and a demangler, some 200 kB, nearly half of ours. They find nothing in a stripped
//! library, and no switch of the stable compiler leaves them out. All of it hangs on one function: the closure that
//! is called for every frame of a backtrace and says whether to go on. Here that closure gets a body that says no, and
//! the linker's garbage collection takes the rest away. A panic still prints its message and still unwinds.

use std::path::Path;

use crate::Result;
use crate::run::{cc, output, run, tool};

/// How the names of the sections of `std::sys::backtrace::_print_fmt::{closure}` begin and go on: in the standard
/// library of Rust 1.95, and in that of 1.88, whose names were mangled in the older way.
const SECTIONS: &[(&str, &str)] = &[
    (".text._RNCNv", "3std3sys9backtrace10__print_fmts_0"),
    (".text._ZN3std3sys9backtrace10_print_fmt", "28_$u7b$$u7b$closure$u7d$$u7d$17h"),
];

/// What that closure calls and others of that function do not.
const CALLED: &str = "12backtrace_rs9symbolize";

/// It says no: bool is what it returns, and in every C ABI an int in the same register.
const STUB: &str = "int stub(void) { return 0; }\n";

/// Takes the symbolizer out of an object file. False where it is not found as we know it: then all works as well, and
/// takes more room.
pub fn remove(object: &Path, work: &Path) -> Result<bool> {
    let Some(section) = section(object)? else { return Ok(false) };
    let source = work.join("stub.c");
    let compiled = work.join("stub.o");
    let code = work.join("stub.bin");
    crate::tree::write(&source, STUB)?;
    run(cc().args(["-O2", "-c", "-o"]).args([&compiled, &source]))?;
    run(tool("objcopy")?.args(["-O", "binary", "-j", ".text"]).args([&compiled, &code]))?;
    let mut body = std::fs::read(&code).map_err(|error| format!("{}: {error}", code.display()))?;
    if body.is_empty() || body.len() > section.size {
        return Ok(false);
    }
    // The same length as before: the tables of .eh_frame describe the function by its length, and stay.
    body.resize(section.size, 0);
    std::fs::write(&code, body).map_err(|error| format!("{}: {error}", code.display()))?;
    run(tool("objcopy")?
        .arg(format!("--remove-relocations={}", section.name))
        .args(["--update-section", &format!("{}={}", section.name, code.display())])
        .arg(object))?;
    Ok(true)
}

/// The closure's section.
struct Section {
    name: String,
    size: usize,
}

fn section(object: &Path) -> Result<Option<Section>> {
    let table = output(tool("readelf")?.args(["-S", "-W"]).arg(object))?;
    let relocations = output(tool("readelf")?.args(["-r", "-W"]).arg(object))?;
    let calling = relocations.split("\nRelocation section '.rela").filter(|part| part.contains(CALLED));
    let calling: Vec<&str> = calling.filter_map(|part| part.split('\'').next()).collect();
    // "  [2969] .text._RNCNv... PROGBITS 0000000000000000 068650 000145 00 AX 0 0 16"
    Ok(table.lines().find_map(|line| {
        let mut words = line.split_once(']')?.1.split_whitespace();
        let name = words.next().filter(|name| calling.contains(name))?;
        SECTIONS.iter().find(|(start, more)| name.strip_prefix(start).is_some_and(|rest| rest.contains(more)))?;
        Some(Section { name: name.to_owned(), size: usize::from_str_radix(words.nth(3)?, 16).ok()? })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::finished;
    use crate::tree;
    use std::process::Command;

    const PANICS: &str = "
        #[unsafe(no_mangle)]
        pub extern \"C\" fn caught() -> i32 {
            std::panic::catch_unwind(|| panic!(\"on purpose\")).map_or(7, |()| 0)
        }";
    const MAIN: &str = "int caught(void);\nint main(void) { return caught(); }\n";

    #[test]
    fn a_panic_still_prints_its_message_and_unwinds() {
        let work = tree::target("c/symbolizer-test");
        let file = |name: &str| work.join(name);
        tree::write(&file("panics.rs"), PANICS).unwrap();
        tree::write(&file("main.c"), MAIN).unwrap();
        run(Command::new("rustc")
            .current_dir(&work)
            .args(["--edition=2024", "--crate-type=staticlib", "-Copt-level=z", "-Clto=fat", "-Ccodegen-units=1"])
            .arg("panics.rs"))
        .unwrap();
        let members = output(tool("ar").unwrap().arg("t").arg(file("libpanics.a"))).unwrap();
        let ours = members.lines().find(|member| member.starts_with("panics.")).expect("an object of ours");
        let code = finished(tool("ar").unwrap().arg("p").arg(file("libpanics.a")).arg(ours)).unwrap().stdout;
        std::fs::write(file("panics.o"), code).unwrap();

        let built = |program: &str| {
            let mut link = cc();
            link.current_dir(&work).args(["-Wl,--gc-sections", "main.c", "panics.o", "libpanics.a", "-lgcc_s", "-o"]);
            run(link.arg(program)).unwrap();
            let done = finished(Command::new(file(program)).env("RUST_BACKTRACE", "1")).unwrap();
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            assert_eq!(done.status.code(), Some(7), "{said}");
            assert!(said.contains("on purpose") && said.contains("stack backtrace:"), "{said}");
            (said.contains("caught"), std::fs::metadata(file(program)).unwrap().len())
        };
        let (named, before) = built("before");
        assert!(remove(&file("panics.o"), &work).unwrap(), "the symbolizer is not where we know it");
        let (still_named, after) = built("after");
        assert!(named && !still_named, "the frames have no names without it");
        assert!(before - after > 100_000, "{before} - {after}");
    }
}
