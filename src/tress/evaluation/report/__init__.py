"""The report of an evaluation: JSON, Markdown, and one HTML file that needs nothing else."""
