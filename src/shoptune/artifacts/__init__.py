"""Artifacts: folders that are published complete or not at all, each with a manifest of how it was made."""
