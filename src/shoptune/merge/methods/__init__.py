"""Merge methods, one per module. New modules are discovered; see "Add a merge method" in docs/extending.md."""
