"""Readers of the files that the pages show. They return plain values and contain no user interface."""
