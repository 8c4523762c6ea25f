"""Merge methods, one per module. A new module is found by itself; see "Add a merge method" in docs/extending.md."""
