"""Write: Parquet shards, statistics and the report of a build."""
