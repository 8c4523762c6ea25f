"""The Python file of a task group for lm-evaluation-harness, copied as it is; nothing of shoptune imports it."""
