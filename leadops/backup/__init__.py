"""The house as one file beside a manifest, and back again; it opens no house it cannot vouch for."""
