"""Checks of answers, one per module. New modules are discovered."""
