"""The embedded default: private servers made from Debian's packages, run as our own children."""
