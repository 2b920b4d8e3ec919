"""Links between the documents lead somewhere: to a file of the repository, and to a heading that is there."""
import re

import pytest
from documents.conftest import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"")
FENCED = re.compile(r"^( *)(`{3,}).*?^ *\2$", re.M | re.S)
ELSEWHERE = re.compile(r"[a-z]+:")


def documents():
    """All of them, as paths below the repository's root."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def prose(path):
    """A document without its blocks."""
    return FENCED.sub("", path.read_text())


def links(text):
    """Where its links lead, but for those to other sites."""
    found = ["".join(pair) for pair in LINK.findall(re.sub(r"`[^`\n]*`", "", text))]
    return [link for link in found if not ELSEWHERE.match(link)]


def anchors(path):
    """What `#` may be followed by in a link to a document, as GitHub makes it of the headings."""
    found = []
    for heading in re.findall(r"^#+ +(.*?) *#*$", prose(path), re.M):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
    return found


@pytest.mark.parametrize("document", documents())
def test_every_link_leads_somewhere(document):
    lost = []
    for link in links(prose(ROOT / document)):
        file, _, anchor = link.partition("#")
        target = (ROOT / document).parent / file if file else ROOT / document
        if not target.exists() or anchor and anchor not in anchors(target):
            lost.append(link)
    assert not lost, f"{document} has links that lead nowhere: {', '.join(lost)}"


def test_the_readme_leads_to_every_document():
    led_to = {(ROOT / link.partition("#")[0]).resolve() for link in links(prose(ROOT / "README.md"))}
    missing = {path.name for path in ROOT.glob("docs/*.md") if path.resolve() not in led_to}
    assert not missing, f"README.md has no link to {', '.join(sorted(missing))}"
