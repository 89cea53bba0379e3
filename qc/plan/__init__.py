"""What was agreed for a delivery: ``qc.toml``, read, checked and held against the checks there are."""
