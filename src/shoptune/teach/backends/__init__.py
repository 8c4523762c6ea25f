"""Backends that run a teacher, one per module. New modules are discovered."""
