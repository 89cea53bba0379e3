"""A stored run, shown: on the screen, as CSV, as JSON. Reads runs only; never runs a check."""
