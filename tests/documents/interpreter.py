"""The one Python that a document's blocks run in.

It takes each block as a line of JSON, and answers with a line that says what went wrong. Blocks
with `>>>` are doctests, where `...` stands for anything. What other blocks print is not looked at.
"""
import contextlib
import doctest
import io
import json
import linecache
import os
import sys
import traceback

HOW = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF


def examples(text, name, line, names):
    """Run a block of questions and answers; what went wrong, as text."""
    test = doctest.DocTestParser().get_doctest(text, names, name, name, line - 1)
    test.globs = names
    said = []
    doctest.DocTestRunner(optionflags=HOW, verbose=False).run(test, out=said.append, clear_globs=False)
    return "".join(said)


def statements(text, name, line, names):
    """Run a block as a script goes on; what went wrong, as text."""
    source = "\n" * (line - 1) + text
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(source, name, "exec"), names)
    except BaseException:
        return printed.getvalue() + traceback.format_exc()
    return ""


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # a program that the blocks run prints where nobody takes it for an answer
    names = {"__name__": "__main__"}
    for line in sys.stdin:
        block = json.loads(line)
        way = examples if ">>> " in block["text"] else statements
        answers.write(json.dumps(way(block["text"], block["name"], block["line"], names)) + "\n")


if __name__ == "__main__":
    main()
