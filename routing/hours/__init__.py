"""/calendars: working hours read and changed: what each calendar says, who counts by it, its versions."""
