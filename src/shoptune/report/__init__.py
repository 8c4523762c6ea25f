"""Report: summarize a run's artifacts on one page."""
