"""Constrain answers to what their questions allow (paper 001, section 4.5), using only vLLM's sampling parameters."""
