"""Reviewed word lists, as data."""
