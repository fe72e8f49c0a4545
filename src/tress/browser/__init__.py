"""Cutting out in the browser: the files that do it there, and a page of static files that needs no server."""
