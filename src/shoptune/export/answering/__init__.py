"""Answering inside a submission: whatever is asked and whatever fails, every question gets an answer in time."""
