"""tress: remove the background from pictures of people and objects."""
