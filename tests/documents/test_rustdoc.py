"""What is public in Rust has a documentation comment, in every crate: rustc denies what has none."""
import tomllib

from documents.conftest import ROOT


def test_every_crate_keeps_the_lints_of_the_workspace():
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
    assert workspace["lints"]["rust"]["missing_docs"] == "deny"
    crates = {name: tomllib.loads((ROOT / name / "Cargo.toml").read_text()) for name in workspace["members"]}
    without = [name for name, crate in crates.items() if crate.get("lints") != {"workspace": True}]
    assert not without, f"no `[lints] workspace = true` in {', '.join(without)}"
