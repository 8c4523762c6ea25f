"""Quantize: pad a merged checkpoint with zeros and quantize its weights to 4 bits (paper 001, section 4.6)."""
