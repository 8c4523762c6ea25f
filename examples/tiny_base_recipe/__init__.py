"""What the tiny base model learns from."""
