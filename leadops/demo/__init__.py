"""The demo company: fictional people, rules and sources, and a short past played through the real services."""
