"""Evaluate: predictions and questions become scores, as the benchmark computes them."""
