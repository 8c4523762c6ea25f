"""Make a folder for the Hugging Face Hub: a checkpoint, an adapter or a dataset with its card."""
