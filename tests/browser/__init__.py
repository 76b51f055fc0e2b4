"""A package, so that what its fixtures start is stopped with its last test: unit tests may open no socket."""
