"""Train: rows become a LoRA adapter, with axolotl (paper 001, section 4.2)."""
