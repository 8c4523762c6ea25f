"""Python code copied unchanged into a task group for lm-evaluation-harness; shoptune itself never imports it."""
