"""Sweep: how far to go from the base to the fine-tuned ensemble, measured around one live engine."""
