"""Convert: pickled weights become safetensors, in a separate process that loads only tensors."""
