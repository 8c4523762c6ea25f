"""Data: raw source files become rows in ShopBench's format, as recipes declare."""
