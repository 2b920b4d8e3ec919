"""The fenced blocks of a document, and what is wrong with them before anything is run."""
import re
from dataclasses import dataclass

RUN = ("console", "sh", "python", "c")
SHOWN = ("text", "ini", "yaml", "json", "conf", "cmake", "diff", "html", "makefile")
FENCE = re.compile(r"^( *)(`{3,}|~{3,}) *([^`]*)$")
NOT_RUN = re.compile(r"^ *<!-- not run: (\S.*) -->$")
ITEM = re.compile(r"^ *([*+-]|\d+\.) ")
PROMPTS = ("$ ", "# ")
# What begins so wants to be typed, and must not hide in a block that is only shown.
TYPED = re.compile(r"^\s*(\$ |(# )?(lvsarp|sudo|make|pip|apt|apt-get|git|cc|python3?|systemctl|sysctl|arping) "
                   r"|(# )?ip (-|addr|link|netns|neigh))", re.M)
NAMED = re.compile(r"\A/\* ([\w-]+\.c)\b")


@dataclass
class Block:
    """One fenced block.

    `line` is that of its first line in the document, from 1; `reason` says why it is not run, or is None.
    """

    language: str
    text: str
    line: int
    reason: str | None

    @property
    def file(self):
        """The name that a block of C gives itself in the comment that it begins with; None where it has none."""
        found = NAMED.match(self.text)
        return found and found[1]

    def commands(self):
        """What is typed in a console, in order: (line in the document, command, what is shown after it)."""
        lines = self.text.splitlines()
        prompt = lines[0][:2]
        typed = []
        for at, line in enumerate(lines, self.line):
            if line.startswith(prompt):
                typed.append((at, [line[2:]], []))
            elif line.startswith("> ") and not typed[-1][2]:
                typed[-1][1].append(line[2:])
            else:
                typed[-1][2].append(line)
        return [(at, "\n".join(command), "\n".join(shown)) for at, command, shown in typed]


def read(text):
    """A document's blocks in order, and its faults as (line, what is wrong)."""
    blocks, faults, lines = [], [], text.splitlines()
    at, in_a_list = 0, False
    while at < len(lines):
        line = lines[at]
        if fence := FENCE.match(line):
            indent, ticks, language = len(fence[1]), fence[2], fence[3].strip()
            end = next((k for k in range(at + 1, len(lines)) if lines[k].strip() == ticks), None)
            if end is None:
                faults.append((at + 1, "a block that does not end"))
                break
            reason = NOT_RUN.match(lines[at - 1]) if at else None
            inside = "".join(f"{row[indent:]}\n" for row in lines[at + 1:end])
            blocks.append(Block(language, inside, at + 2, reason and reason[1]))
            faults += _faults(blocks[-1])
            at = end
        elif NOT_RUN.match(line) and not (at + 1 < len(lines) and FENCE.match(lines[at + 1])):
            faults.append((at + 1, "`not run` stands before no block"))
        elif line.startswith("    ") and (not at or not lines[at - 1].strip()) and not in_a_list:
            faults.append((at + 1, "an indented block: fence it, and name its language"))
        elif ITEM.match(line):
            in_a_list = True
        elif line.strip() and not line.startswith(" "):
            in_a_list = False
        at += 1
    programs = [block for block in blocks if block.language == "c" and block.file and "int main(" in block.text]
    for block in programs:
        typed = [later.text for later in blocks if later.line > block.line and later.language in ("console", "sh")]
        if block.reason is None and not any(block.file in text for text in typed):
            faults.append((block.line, f"{block.file} has a main(), and no later block compiles and runs it"))
    return blocks, faults


def _faults(block):
    if block.language not in RUN + SHOWN:
        known = ", ".join(RUN + SHOWN)
        yield block.line - 1, f"a block of {block.language or 'no language'}: it is one of {known}"
    elif not block.text.strip():
        yield block.line - 1, "an empty block"
    elif block.language in SHOWN and block.reason is None and TYPED.search(block.text):
        hint = "make it console or sh, or say why it is not run"
        yield block.line, f"a block of {block.language} looks like commands: {hint}"
    elif block.language == "console" and block.text[:2] not in PROMPTS:
        yield block.line, "a console begins with `$ ` or `# `"
    elif block.language == "c" and block.file is None:
        yield block.line, "a block of C begins with a comment that begins with the name of its file: /* check.c: ... */"
