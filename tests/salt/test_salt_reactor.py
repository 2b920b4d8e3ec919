"""The reactor of examples/salt: whatever id stands in an event, it is one name and nothing else."""

from pathlib import Path

import pytest
import salt.loader
import salt.template

DRIFT = Path(__file__).resolve().parents[2] / "examples/salt/states/reactor/drift.sls"
EVIL = "x]\nrun:\n  local.cmd.run:\n    - tgt: '*'\n    - args: [cmd: id]\n"


@pytest.mark.parametrize("name", ["rs1", "*", "rs1,rs2", "", "'", '"', "{{ 7 }}", "a\\b: c", "é\u2028#", EVIL])
def test_the_id_of_an_event_is_the_one_name_of_a_list(loaders, name):
    renderers = salt.loader.render(loaders.opts, loaders.modules)
    rendered = salt.template.compile_template(
        str(DRIFT), renderers, "jinja|yaml", [], [], tag="salt/beacon/x/lvsarp/drift", data={"id": name}
    )
    ((_, reaction),) = rendered.items()
    (function,) = [key for key in reaction if not key.startswith("__")]
    assert function == "local.state.apply"
    options = {key: value for option in reaction[function] for key, value in option.items()}
    assert options == {"tgt": [name], "tgt_type": "list", "args": [{"mods": "real_server"}, {"queue": True}]}
