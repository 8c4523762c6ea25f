"""Parity: whether the same model answers alike as adapters, merged, padded, in 4 bits, and as vLLM serves it."""
