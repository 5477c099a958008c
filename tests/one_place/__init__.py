"""One of each kind of thing is added to a copy of the program, each in its one place, and used from end to end."""
