"""Few-shot examples: solved questions shown to the model before the one it is asked."""
