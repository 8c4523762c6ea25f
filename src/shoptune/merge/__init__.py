"""Merge: a base and weighted LoRA adapters become one checkpoint (papers 001, sections 4.3 and 4.4)."""
