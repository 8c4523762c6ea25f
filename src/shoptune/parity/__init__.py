"""Parity: compare the answers of a model as adapters, merged, padded, in 4 bits, and as served by vLLM."""
