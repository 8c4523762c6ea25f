"""The machine a stage runs on: environments, progress, output redirection, garbage collection."""
