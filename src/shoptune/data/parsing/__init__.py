"""Parse what sellers write: prices, counts, packs, weights and sizes; product types; reviews."""
