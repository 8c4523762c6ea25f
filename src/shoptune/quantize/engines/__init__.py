"""Quantizer engines, one per module. A new module is found by itself; see "Add a quantizer" in docs/extending.md."""
