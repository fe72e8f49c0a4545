"""Recipes: one experiment a file."""
