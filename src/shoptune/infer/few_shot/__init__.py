"""Few-shot examples: questions with their answers, shown to the model before the one it is asked."""
