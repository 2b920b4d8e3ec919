"""What the documents tell the reader to type is typed, each document on a network of its own, from top to bottom.

Every block is fenced and names its language. Those that are run:

    console   a line that begins as the block does, with `$ ` or `# `, is typed, and `> ` continues it; what follows is
              what it prints, where `...` stands for anything, and on a line of its own for any lines. Where nothing or
              only `...` is shown the command must end with 0
    sh        commands that one bash runs one after another until one fails; what they print is not looked at
    python    statements, or with `>>>` questions and answers, where `...` stands for anything; one interpreter a
              document
    c         a file, named in the comment that it begins with: it is written where the reader works, and compiles
              without a warning. One with a main() is compiled and run by a later block

Others (text, ini, yaml, json ...) are shown only, and must not look like commands. A block right behind
`<!-- not run: REASON -->` is not run.

The reader is root at rs1, a real server whose eth0 is 192.0.2.11/24, with an /etc and a /run of its own. On the same
bridge are `client` (192.0.2.1) and `director` (192.0.2.2, which has the VIP 192.0.2.10), for `ip netns exec`. A
document with the line `<!-- lab: none -->` begins on a host that has nothing but lo. lvsarp and its libraries are
those of `make install`, the Python package is that of the interpreter.
"""
import pytest
from documents import blocks
from documents.conftest import ROOT
from documents.reader import Gone

# Its blocks are run by tests/salt, against a real Salt.
ELSEWHERE = ("docs/salt.md",)
ALONE = "<!-- lab: none -->"


def documents():
    """All of them, as paths below the repository's root."""
    found = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")]
    return [path for path in sorted(str(path.relative_to(ROOT)) for path in found) if path not in ELSEWHERE]


def told(document, faults):
    return "\n\n".join(f"{document}:{line}: {fault}" for line, fault in sorted(faults))


@pytest.mark.parametrize("document", documents())
def test_every_block_is_run_or_says_why_not(document):
    _, faults = blocks.read((ROOT / document).read_text())
    assert not faults, told(document, faults)


@pytest.mark.parametrize("document", documents())
def test_what_a_document_tells_is_so(document, reader):
    text = (ROOT / document).read_text()
    found, _ = blocks.read(text)
    if not any(block.reason is None and block.language in blocks.RUN for block in found):
        return
    at_work = reader(document, network=ALONE not in text.splitlines())
    for block in found:
        try:
            at_work.do(block)
        except Gone as gone:
            pytest.fail(f"{document}:{block.line}: {gone}\n{told(document, at_work.wrong.items())}", pytrace=False)
    if at_work.wrong:
        pytest.fail(told(document, at_work.wrong.items()), pytrace=False)
