"""A state or kind with its picture, its word and what it means for the person who reads it."""

from typing import NamedTuple


class Word(NamedTuple):
    label: object
    icon: str
    tone: str = "plain"  # plain | info | good | warn | bad | seal
    meaning: object = ""


def unknown(name: str) -> Word:
    return Word(name, icon="circle-help")
