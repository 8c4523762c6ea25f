"""Filters: drop rows that are too long, duplicated, or too close to the benchmark."""
