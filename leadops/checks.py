"""System checks of the house that need no app; each has an id leadops.E###. The offset file's check lives in moment."""
