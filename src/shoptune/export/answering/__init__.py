"""Answer questions inside a submission: every question gets an answer in time, even if the engine fails."""
