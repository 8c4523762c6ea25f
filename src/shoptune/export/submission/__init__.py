"""The Python files of a submission, copied into it as they are; nothing of shoptune imports them."""
