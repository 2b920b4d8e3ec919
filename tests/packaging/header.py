"""The names in include/lvsarp.h."""

import re

from conftest import ROOT

HEADER = ROOT / "include/lvsarp.h"


def functions():
    """The functions, sorted."""
    # Outside of comments, a name in front of a parenthesis; of a typedef it is behind a star.
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    return sorted(set(re.findall(r"^(?:\w+ )+\**(lvsarp_\w+)\(", text, flags=re.MULTILINE)))
