"""Draft, check, publish, roll back, in force: what every kind of version shares. Knows no kind itself."""
