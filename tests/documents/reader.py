"""A reader at work: one bash and one Python that type what a document shows, on a host of a throw-away network."""
import json
import os
import re
import secrets
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NOT_THERE = (126, 127)  # what a shell says of a command that cannot be run
STRICT = ("-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror")


class Gone(Exception):
    """The program that the reader types into ended, or did not answer in time; the text is what it said last."""


class Reader:
    """Types blocks, and keeps what went wrong: {line in the document: what}."""

    def __init__(self, start, name, folder, environment, python=sys.executable, timeout=60.0):
        self._start, self._name, self._folder, self._environment = start, name, folder, environment
        self._interpreter, self._timeout = python, timeout  # in seconds, for one command or block
        self._bash, self._python = None, None
        self.wrong = {}

    def close(self):
        for process in (self._bash, self._python):
            if process:
                _end(process)

    def do(self, block):
        """Type one block; nothing where it is only shown or not to be run."""
        if block.reason is None and block.language in ("console", "sh", "python", "c"):
            getattr(self, block.language)(block)

    def console(self, block):
        """Each command, and what it prints."""
        for line, command, shown in block.commands():
            status, printed = self.type(command)
            said = f"`{command}` ended with {status} and printed\n{printed}"
            if not looks_like(printed, shown):
                self.wrong[line] = f"{said}\nwhere the document has\n{shown}"
            elif status in NOT_THERE or status != 0 and shown.strip() in ("", "..."):
                self.wrong[line] = said

    def sh(self, block):
        """All commands, until one fails."""
        try:
            self.type(f"set -ex\n{block.text}\n{{ set +ex; }} 2>/dev/null")
        except Gone as gone:
            self.wrong[block.line] = f"a command of this block failed:\n{gone}"
            _end(self._bash)
            self._bash = None

    def c(self, block):
        """The file, which must compile without a warning."""
        Path(self.type("pwd")[1], block.file).write_text(block.text)
        status, said = self.type(f"cc {' '.join(STRICT)} $(pkg-config --cflags lvsarp) -c -o /dev/null {block.file}")
        if (status, said) != (0, ""):
            self.wrong[block.line] = said

    def python(self, block):
        """Questions and answers, or statements."""
        if self._python is None:
            self._python = self._begin(self._interpreter, "-u", HERE / "interpreter.py")
        wanted = json.dumps({"text": block.text, "name": self._name, "line": block.line})
        self._python.stdin.write(wanted.encode() + b"\n")
        self._python.stdin.flush()
        said = json.loads(self._until(self._python, b"\n"))
        if said:
            self.wrong[block.line] = said

    def type(self, text):
        """Type commands into the bash; the status of the last one and all that they printed."""
        if self._bash is None:
            self._bash = self._begin("bash", "--noprofile", "--norc")
        end = f"end-{secrets.token_hex(8)}"
        self._bash.stdin.write(f"{{ {text}\n}} </dev/null\nprintf '\\n{end} %d\\n' $?\n".encode())
        self._bash.stdin.flush()
        before, _, status = self._until(self._bash, b"\n", after=end.encode()).rpartition(end)
        return int(status), before.rstrip()

    def _begin(self, *command):
        # Whoever enters a mount namespace is in its root directory first.
        return self._start("env", "-C", self._folder, *command, env=self._environment, start_new_session=True,
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=None if command[0] == self._interpreter else subprocess.STDOUT)

    def _until(self, process, end, after=b""):
        """Read what a process prints up to `end`, which stands behind `after`."""
        printed, deadline = b"", time.monotonic() + self._timeout
        while True:
            found = printed.find(after)
            if found >= 0 and printed.find(end, found) >= 0:
                return printed.decode(errors="replace")
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise Gone(f"{printed.decode(errors='replace')}\n(no end after {self._timeout:.0f} s)")
            more = os.read(process.stdout.fileno(), 65536)
            if not more:
                raise Gone(printed.decode(errors="replace"))
            printed += more


def looks_like(printed, shown):
    """Whether a text is what a document shows: `...` stands for anything, and on a line of its own for any lines."""
    wanted = []
    for line in shown.rstrip().splitlines():
        parts = [re.escape(part) for part in line.rstrip().split("...")]
        wanted.append("(?:[^\n]*\n)*?" if line.strip() == "..." else "[^\n]*".join(parts) + "\n")
    text = "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())
    return re.fullmatch("".join(wanted), text) is not None


def _end(process):
    """End a process, and what it left in the background."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.stdout.close()
    try:
        process.stdin.close()
    except BrokenPipeError:
        pass
    process.wait()
