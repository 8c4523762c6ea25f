"""Evaluate: score predictions in the way that the benchmark does."""
