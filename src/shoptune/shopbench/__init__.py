"""The benchmark's own words: questions, rows, chat, parsers and metrics. Imports no stage."""
