"""locate + refine -> Matte: the algorithm, one page."""
