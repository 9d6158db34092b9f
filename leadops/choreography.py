"""The whole flow on one page: which phase reacts to which kind of entry, and where due moments come from."""
