"""Infer: a checkpoint and questions become predictions, with vLLM."""
