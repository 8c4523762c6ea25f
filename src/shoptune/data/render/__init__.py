"""Render: records become rows."""
