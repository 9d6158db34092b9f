"""Tables of nurture arrive with its first sequence; today it writes none."""
