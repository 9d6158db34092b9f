"""What each report's page shows: the figures put into the words and components of a template. Counts nothing itself."""
