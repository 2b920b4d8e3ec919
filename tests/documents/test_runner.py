"""What runs the documents finds what is wrong in them."""
import textwrap
from pathlib import Path

import pytest
from documents import blocks
from documents.reader import looks_like

FAULTS = {
    "an indented block": "Type this:\n\n    lvsarp check\n",
    "a block of no language": "```\nlvsarp check\n```\n",
    "a block of rust": "```rust\nfn main() {}\n```\n",
    "an empty block": "```sh\n```\n",
    "a block that does not end": "```sh\nlvsarp check\n",
    "a block of text looks like commands": "```text\nlvsarp check\n```\n",
    "a console begins with": "```console\nlvsarp check\n```\n",
    "stands before no block": "<!-- not run: it takes long -->\n\n```sh\nmake bench\n```\n",
    "begins with the name of its file": "```c\n#include <lvsarp.h>\n```\n",
    "no later block compiles and runs it": "```c\n/* a.c: it */\nint main(void) { return 0; }\n```\n",
}
GOOD = """
* a list

    with a paragraph in it

```text
how it looks
```
<!-- not run: it takes minutes -->
```sh
make bench
```
"""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_document_is_found(fault):
    _, faults = blocks.read(FAULTS[fault])
    assert [said for _, said in faults if fault in said], faults


def test_what_is_good_is_no_fault():
    found, faults = blocks.read(GOOD)
    assert faults == [] and [block.reason for block in found] == [None, "it takes minutes"]


@pytest.mark.parametrize("printed, shown, same", [
    ("a\nb\n", "a\nb", True),
    ("a  \n", "a", True),
    ("a\nb\n", "a", False),
    ("", "a", False),
    ("lo is up, 1 ms", "lo is ..., ... ms", True),
    ("lo is up\nand more, 1 ms", "lo is ..., 1 ms", False),
    ("a\nb\nc\nd", "a\n...\nd", True),
    ("a\nd", "a\n...\nd", True),
    ("a\nb", "a\n...\nd", False),
    ("a.c", "abc", False),
])
def test_dots_stand_for_anything_and_nothing_else_does(printed, shown, same):
    assert looks_like(printed, shown) == same


def typed(reader, text, **options):
    """What went wrong in a document, by line."""
    at_work = reader("a.md", **options)
    found, faults = blocks.read(textwrap.dedent(text))
    assert not faults
    for block in found:
        at_work.do(block)
    return at_work.wrong


def test_what_is_printed_otherwise_is_told_with_its_line(reader):
    wrong = typed(reader, """\
        ```console
        $ echo one
        one
        $ echo two
        three
        $ false
        $ true
        $ cat <<END
        > # four
        > END
        # four
        ```
        """)
    assert sorted(wrong) == [4, 6], wrong


def test_each_language_fails_where_its_block_is_wrong(reader):
    wrong = typed(reader, """\
        ```sh
        true
        false
        touch too-far
        ```

        ```console
        # ls
        ```

        ```python
        1 / 0
        ```

        ```python
        >>> 1 + 1
        3
        ```

        ```c
        /* a.c: a function that is not there */
        #include <lvsarp.h>
        int rc(void) { return lvsarp_no_such_function(); }
        ```
        """)
    assert sorted(wrong) == [2, 12, 16, 21]
    assert "+ false" in wrong[2] and "ZeroDivisionError" in wrong[12] and "lvsarp_no_such_function" in wrong[21]


def test_blocks_of_a_document_go_on_where_the_last_one_ended(reader):
    assert typed(reader, """\
        ```sh
        vip=192.0.2.10
        mkdir here; cd here
        ip address add $vip/32 dev lo
        ```

        ```console
        # echo $vip; basename $PWD
        192.0.2.10
        here
        ```

        ```python
        import lvsarp
        host = lvsarp.Host()
        ```

        ```python
        >>> [address.local for address in host.vips()]
        ['192.0.2.10']
        ```
        """) == {}


def test_a_document_has_files_and_a_network_of_its_own(reader):
    name = "lvsarp-test-of-documents"
    assert typed(reader, f"""\
        ```console
        # mkdir /etc/lvsarp && touch /etc/lvsarp/{name} /run/{name}
        # ls /run/netns
        client
        director
        rs1
        # ip netns exec client arping -q -f -w 5 -I eth0 192.0.2.11
        # command -v lvsarp
        /usr/local/sbin/lvsarp
        ```
        """) == {}
    assert not Path("/etc/lvsarp", name).exists() and not Path("/run", name).exists()


def test_a_document_without_a_lab_begins_with_nothing_but_lo(reader):
    assert typed(reader, """\
        ```console
        # ip -brief link | cut -d' ' -f1; ls /run/netns
        lo
        ```
        """, network=False) == {}
