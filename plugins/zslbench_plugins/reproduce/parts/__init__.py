"""A part of the page for each experiment of the paper."""
