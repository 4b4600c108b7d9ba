"""Records become leaderboards: tidy CSVs that anyone can rebuild and check."""
