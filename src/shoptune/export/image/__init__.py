"""The files that describe a submission's image and repository, as they are written into it."""
