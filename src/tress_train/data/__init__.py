"""Training data: reading, judging, composing and augmenting."""
