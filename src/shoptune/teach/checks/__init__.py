"""Checks of answers, one per module. New modules are discovered; see "Add a check" in docs/extending.md."""
