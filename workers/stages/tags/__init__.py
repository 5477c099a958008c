"""Tags: what a recording says of itself, read from its file, its papers and its station; see service.footage.tags for the list."""

from workers.stages.tags.reading import failed, run

__all__ = ["failed", "run"]
