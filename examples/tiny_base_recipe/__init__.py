"""The training data of the tiny base model."""
