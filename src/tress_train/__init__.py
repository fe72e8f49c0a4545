"""Training of tress's networks.  The only place that imports torch."""
