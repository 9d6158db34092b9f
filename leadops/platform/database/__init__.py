"""The house's database engine; `base` is the name by which Django looks for it."""
