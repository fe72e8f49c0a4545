"""One module per file format: what its files say of themselves, checked, before a decoder sees them."""
