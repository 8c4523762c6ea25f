"""Constrain answers to what their questions allow (paper 001, section 4.5), through vLLM's own parameters only."""
