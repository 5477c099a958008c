"""The year 2024 of the sample bureau, for boards, queues and search. See load.py."""
