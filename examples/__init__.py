"""The made-up shop, the tiny base model and the base of rehearsals, and the programs that make them."""
