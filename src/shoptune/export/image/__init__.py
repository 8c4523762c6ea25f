"""Templates of the files that describe a submission's image and repository."""
