"""How dates and numbers are written and read, one module per language; nothing else configures them."""
