"""Quantize: pad a merged checkpoint with zeros and round it to 4 bits (paper 001, section 4.6)."""
