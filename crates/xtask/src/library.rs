//! liblvsarp.so, liblvsarp-full.so and liblvsarp.a, made of the archives that cargo builds.
//!
//! cargo alone cannot make a shared library with symbol versions, and its archive exports all of Rust's runtime, so
//! that two of them clash in one program. Both libraries are made of one object here, from which everything
//! that no function of the header needs is gone, and in which nothing but these functions is global.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use crate::run::{cc, finished, output, run, tool};
use crate::{Result, map, symbolizer, tree};

/// The archive of the crate bindings/c.
const ARCHIVE: &str = "liblvsarp_c.a";
/// Its one object that is ours: everything in Rust, by link-time optimization.
const OBJECT: &str = "lvsarp_c-";
/// What rustc explains above the list of native libraries.
const ABOUT_NATIVE_LIBRARIES: &str = "note: link against the following native artifacts";
const PC: &str = "bindings/c/packaging/lvsarp.pc.in";

/// The name of versions whose symbols only the whole library has.
const FULL: &str = "LVSARP_FULL";

/// A shared library: all of it, or what health checkers link and want small.
struct Flavour {
    /// `liblvsarp` or `liblvsarp-full`.
    name: &'static str,
    full: bool,
}

const SMALL: Flavour = Flavour { name: "liblvsarp", full: false };
const WHOLE: Flavour = Flavour { name: "liblvsarp-full", full: true };

/// Builds the libraries: both shared ones, and the archive with everything.
pub fn build(archive: Option<PathBuf>) -> Result<()> {
    for flavour in [SMALL, WHOLE] {
        let archive = match &archive {
            Some(directory) => directory.join(ARCHIVE),
            None => cargo(&flavour)?,
        };
        flavour.build(&archive)?;
    }
    Ok(())
}

impl Flavour {
    fn build(&self, archive: &Path) -> Result<()> {
        let lib = tree::target("c/lib");
        let shared = lib.join(format!("{}.so.{}", self.name, tree::VERSION));
        let fixed = lib.join("liblvsarp.a");
        let inputs = [archive.to_owned(), tree::root(tree::MAP), tree::root(PC), me()?];
        let outputs = if self.full { vec![shared.clone(), fixed.clone()] } else { vec![shared.clone()] };
        if newest(&inputs) < oldest(&outputs) {
            return Ok(());
        }
        let work = tree::target("c/work").join(self.name);
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(&work).and_then(|()| fs::create_dir_all(&lib)).map_err(|error| format!("{error}"))?;
        let nodes: Vec<map::Node> =
            map::committed()?.into_iter().filter(|node| self.full || !node.version.starts_with(FULL)).collect();
        let versions = map::versions(&nodes);
        let functions: Vec<&str> = versions.keys().copied().collect();

        let object = one_object(archive, &functions, &work, self.full)?;
        if self.full {
            let made = work.join("liblvsarp.a");
            run(tool("ar")?.args(["rcsD"]).args([&made, &object]))?;
            put(&made, &fixed)?;
            symlink(&fixed, &lib.join("liblvsarp-full.a"))?;
        }

        let made = work.join("liblvsarp.so");
        let script = work.join("lvsarp.map");
        tree::write(&script, &map::script(&nodes))?;
        self.link(&object, &made, &script, &work)?;
        exports_what_it_should(&made, versions.iter().map(|(name, version)| format!("{name}@@{version}")).collect())?;
        put(&made, &shared)?;
        let soname = self.soname();
        symlink(&shared, &lib.join(&soname))?;
        symlink(&lib.join(&soname), &lib.join(format!("{}.so", self.name)))
    }

    /// The name that programs record: it changes when the ABI breaks, which it does not before 1.0.
    fn soname(&self) -> String {
        format!("{}.so.{}", self.name, tree::MAJOR)
    }

    /// Links the shared library.
    fn link(&self, object: &Path, to: &Path, script: &Path, work: &Path) -> Result<()> {
        let mut command = cc();
        command.args(["-shared", "-Wl,--gc-sections", "-Wl,--no-undefined", "-Wl,--as-needed", "-Wl,-z,relro,-z,now"]);
        command.arg(format!("-Wl,-soname,{}", self.soname()));
        command.arg(format!("-Wl,--version-script={}", script.display()));
        if relative_relocations_can_be_packed()? {
            command.arg("-Wl,-z,pack-relative-relocs");
        }
        let whole = work.join("unstripped.so");
        run(command.arg("-o").args([whole.as_path(), object]).args(native_libraries()?))?;
        run(tool("strip")?.arg("--strip-all").arg("-o").args([to, &whole]))
    }
}

/// Lets cargo build the archive, and notes what rustc says that it needs of the system.
fn cargo(flavour: &Flavour) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // Panic messages name source files: those of other crates without the folder in which cargo keeps them here. With frame pointers the tables for
    // unwinding are a third smaller, and profilers see the callers. LLVM counts a function's instructions when it decides what is inlined (here
    // below 5) and forgets its row in those tables: with 10 the library is 9 kB smaller.
    let sources = format!("'--remap-path-prefix={}/registry/src='", home().display());
    command
        .arg("--config")
        .arg(format!("build.rustflags=[{sources}, '-Cforce-frame-pointers=yes', '-Cllvm-args=-inline-threshold=10']"));
    command.args(["rustc", "--locked", "--profile", "c", "-p", "lvsarp-c"]);
    command.args((!flavour.full).then_some("--no-default-features"));
    command.args(["--", "--print", "native-static-libs"]);
    command.current_dir(tree::root("")).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot run cargo: {error}"))?;
    let mut needed = None;
    for line in BufReader::new(child.stderr.take().expect("it is piped")).lines().map_while(|line| line.ok()) {
        if let Some(libraries) = line.strip_prefix("note: native-static-libs: ") {
            needed = Some(libraries.to_owned());
        } else if !line.is_empty() && !line.to_lowercase().starts_with(ABOUT_NATIVE_LIBRARIES) {
            eprintln!("{line}");
        }
    }
    if !child.wait().is_ok_and(|status| status.success()) {
        return Err("cargo cannot build lvsarp-c".to_owned());
    }
    let (needed, pinned) = (needed.unwrap_or_default(), native_libraries()?.join(" "));
    if needed != pinned {
        eprintln!("rustc says that a program needs {needed:?}, {PC} says {pinned:?}");
    }
    tree::write(&tree::target("c/native-static-libs"), &(needed + "\n"))?;
    Ok(tree::target("c").join(ARCHIVE))
}

/// Where cargo keeps the sources of other crates.
fn home() -> PathBuf {
    match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir().unwrap_or_default().join(".cargo"),
    }
}

/// The archive as one object, in which only the functions are global, and what they do not need is gone.
fn one_object(archive: &Path, functions: &[&str], work: &Path, full: bool) -> Result<PathBuf> {
    let members = output(tool("ar")?.arg("t").arg(archive))?;
    let mut ours = members.lines().filter(|member| member.starts_with(OBJECT));
    let (Some(member), None) = (ours.next(), ours.next()) else {
        return Err(format!("{} is not one object and the runtime: lto = \"fat\" makes it so", archive.display()));
    };
    let rust = work.join("rust.o");
    let code = finished(tool("ar")?.arg("p").arg(archive).arg(member))?.stdout;
    fs::write(&rust, code).map_err(|error| format!("{}: {error}", rust.display()))?;
    exports_of_the_object(&rust, functions, full)?;
    if !symbolizer::remove(&rust, work)? {
        eprintln!("this toolchain's symbolizer is not where we know it: the C libraries get some 200 kB larger");
    }
    let joined = work.join("joined.o");
    let roots = functions.iter().flat_map(|name| ["-u", name]);
    // Without groups: one of them holds the pointer to Rust's personality function, and the linker would take another
    // Rust library's for ours.
    run(tool("ld")?.args(["-r", "--gc-sections", "--force-group-allocation"]).args(roots).arg("-o").args([
        joined.as_path(),
        &rust,
        archive,
    ]))?;
    let names = work.join("functions");
    tree::write(&names, &functions.join("\n"))?;
    let object = work.join("lvsarp.o");
    let keep = format!("--keep-global-symbols={}", names.display());
    run(tool("objcopy")?.args([keep.as_str(), "--strip-unneeded"]).args([&joined, &object]))?;
    Ok(object)
}

/// A function that the object has and the version script does not would be missing in silence.
fn exports_of_the_object(object: &Path, functions: &[&str], full: bool) -> Result<()> {
    let table = output(tool("nm")?.args(["--extern-only", "--defined-only"]).arg(object))?;
    let there: Vec<&str> = table.lines().filter_map(|line| line.split(" T ").nth(1)).collect();
    let lost = there.iter().find(|name| full && name.starts_with("lvsarp_") && !functions.contains(name));
    let missing = functions.iter().find(|name| !there.contains(name));
    match (lost, missing) {
        (None, None) => Ok(()),
        (Some(name), _) => Err(format!("{name} is exported by bindings/c but not named in {}", tree::MAP)),
        (_, Some(name)) => Err(format!("{name} is named in {} but not exported by bindings/c", tree::MAP)),
    }
}

/// What Rust's runtime needs of the system; a test compares it with what rustc prints.
fn native_libraries() -> Result<Vec<String>> {
    let pc = tree::read(&tree::root(PC))?;
    let line = pc.lines().find_map(|line| line.strip_prefix("Libs.private:"));
    let line = line.ok_or_else(|| format!("{PC} has no Libs.private"))?;
    Ok(line.split_whitespace().map(str::to_owned).collect())
}

/// Saves some 10 kB. The linker must know it, and the C library that loads the library, too: glibc does since 2.36.
fn relative_relocations_can_be_packed() -> Result<bool> {
    let help = output(tool("ld")?.arg("--help"))?;
    let libc = output(cc().arg("-print-file-name=libc.so.6"))?;
    let versions = output(tool("readelf")?.args(["-V", "-W", libc.trim_end()]));
    Ok(help.contains("pack-relative-relocs") && versions.is_ok_and(|text| text.contains("GLIBC_ABI_DT_RELR")))
}

/// Exactly the functions of the header, with their versions.
fn exports_what_it_should(shared: &Path, wanted: Vec<String>) -> Result<()> {
    let table = output(tool("nm")?.args(["--dynamic", "--defined-only"]).arg(shared))?;
    // The versions themselves are absolute symbols.
    let there: Vec<&str> =
        table.lines().filter(|line| !line.contains(" A ")).filter_map(|line| line.split(' ').nth(2)).collect();
    if there == wanted {
        Ok(())
    } else {
        Err(format!("the library exports\n{}\nnot\n{}", there.join("\n"), wanted.join("\n")))
    }
}

/// Moves a file to where it is used: a program that has the old one open keeps it.
fn put(made: &Path, to: &Path) -> Result<()> {
    fs::rename(made, to).map_err(|error| format!("{}: {error}", to.display()))?;
    let size = fs::metadata(to).map_err(|error| format!("{}: {error}", to.display()))?.len();
    println!("{}: {size} bytes", to.display());
    Ok(())
}

/// A link beside the file that it points to.
fn symlink(file: &Path, link: &Path) -> Result<()> {
    let _ = fs::remove_file(link);
    let name = file.file_name().expect("a library has a name");
    std::os::unix::fs::symlink(name, link).map_err(|error| format!("{}: {error}", link.display()))
}

fn me() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| format!("{error}"))
}

fn newest(files: &[PathBuf]) -> Option<SystemTime> {
    files.iter().map(|file| changed(file)).max().flatten()
}

/// None, which is before everything, where one of them is missing.
fn oldest(files: &[PathBuf]) -> Option<SystemTime> {
    files.iter().map(|file| changed(file)).min().flatten()
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}
