"""A fixture that prints a figure into the log of every run."""

import pytest


@pytest.fixture
def say(capsys):
    """Print a figure that belongs into the log of every run, passed or failed."""

    def line(text):
        with capsys.disabled():
            print(f"\n    {text}", end="")

    return line
