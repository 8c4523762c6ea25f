"""Plan: estimate from a model's shapes whether a config fits a machine (memory, disk, time, unsupported features)."""
