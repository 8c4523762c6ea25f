"""Artifacts: folders that are published completely or not at all, with a manifest that records how they were made."""
