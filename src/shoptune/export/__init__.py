"""Export: turn a checkpoint and an inference profile into a folder that the challenge can run."""
