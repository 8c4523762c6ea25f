"""Readers: raw files of any format into DuckDB tables, with malformed records set aside."""
