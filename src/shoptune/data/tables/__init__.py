"""Tables: raw files in DuckDB, and the records that recipes select from them."""
