"""The HTTP service (extra ``server``): own interface, remove.bg's and rembg's contracts, and the page."""
