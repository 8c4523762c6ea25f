"""Artifacts: folders that are published whole or not at all, and the manifest that says what made them."""
