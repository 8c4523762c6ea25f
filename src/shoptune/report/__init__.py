"""Report: what a run's artifacts say, on one page."""
