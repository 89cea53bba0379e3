"""What was handed in: folders and archives, opened in place, never extracted.

:func:`qc.deliverable.listing.open_deliverable` lists, :class:`qc.deliverable.reading.Reader` reads. Nothing
is imported here: a worker that reads bytes needs neither layouts nor a database.
"""
