"""`python -m shoptune` is the `shoptune` command."""

from shoptune.cli import run

run()
