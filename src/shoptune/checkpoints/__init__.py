"""Model checkpoints: safetensors files read and written in blocks, from local folders or Hub repositories."""
