"""The studio's pages, one per module, each with a `PAGE`. New modules are discovered."""
