"""What a make of camera means by its file names, its clock and the files that it puts beside its recordings."""
