"""Filters: what keeps a row out of a build - length, duplicates, the benchmark itself."""
