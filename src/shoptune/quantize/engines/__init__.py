"""Quantizer engines, one per module. New modules are discovered; see "Add a quantizer" in docs/extending.md."""
