"""The made-up shop: its world, its raw files in every source's own format, and questions about it."""
