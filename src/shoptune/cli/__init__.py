"""The `shoptune` command line: one module per command, shared options in `options.py`."""

from shoptune.cli.app import main, run

__all__ = ["main", "run"]
