"""Measured, never guessed: what the product does beside what the machine can do. Never imported by the product."""
