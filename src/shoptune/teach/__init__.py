"""The teacher: tables of facts and texts that a larger model writes about records."""
