"""Quantize: a merged checkpoint is padded with zeros and rounded to 4 bits (paper 001, section 4.6)."""
