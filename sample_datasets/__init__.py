"""Small deliverables, clean and with planted defects, and the seeded generator that makes them."""
