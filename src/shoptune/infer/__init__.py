"""Infer: answer questions with a checkpoint, using vLLM."""
