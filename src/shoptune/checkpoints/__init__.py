"""Model checkpoints as files: safetensors read and written in blocks, local folders or hub ids."""
