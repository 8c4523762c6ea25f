"""What recipes can query besides ingested tables: built rows, and the phrasings of data recipes."""
