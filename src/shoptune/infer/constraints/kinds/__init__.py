"""One file per kind of constraint; see `docs/extending.md`."""

from shoptune.runtime.plugins import load_plugins

load_plugins(__name__)  # each module registers its kind when it is imported
