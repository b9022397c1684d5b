"""What a model answers, by numpy; from which inputs, and how near the C must come."""
