"""Export: a checkpoint and a profile become a folder that the challenge can run."""
