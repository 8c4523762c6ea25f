"""Whether a config fits a machine, from shapes alone: memory, disk, time, and what cannot work."""
