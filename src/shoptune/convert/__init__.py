"""Convert: pickled weights become safetensors, once, in a process that reads tensors only."""
