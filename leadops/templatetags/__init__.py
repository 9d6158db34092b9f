"""Template tags of the house; nothing here reads the database."""
