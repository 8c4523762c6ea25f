"""Check a submission before it is pushed: its files, and its answers as the challenge's evaluator gets them."""
