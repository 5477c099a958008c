"""What is on a card: the files to send, and what is left out and why."""

import os
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from service.footage.uploads.left_out import Why, file_left_out, folder_left_out


@dataclass
class Card:
    """`files` in the order of their names, each once, however often it was named. `left_out`: files, and folders with
    all that is in them. `unreadable`: folders of which nobody knows what is in them, and what the system says."""

    files: list[Path] = field(default_factory=list)
    left_out: list[tuple[Path, Why]] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    erased: Callable[[Path], Collection[str]] = lambda _path: ()


def look_through(paths: list[Path], erased: Callable[[Path], Collection[str]] = lambda _path: ()) -> Card:
    """Files as given, also hidden ones; of folders everything in them but what is hidden. `erased`: names of the
    recordings that an earlier run erased beside a file and that were written together with it."""
    card = Card(erased=erased)
    for path in paths:
        if not path.is_dir():
            _take_file(card, path, _names_in(path.parent), given=True)
        elif (why := folder_left_out(path.name)) is Why.system:
            card.left_out.append((path, why))
        else:
            _look_into(card, path)
    card.files = _each_once(card)
    return card


def _look_into(card: Card, folder: Path) -> None:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda one: one.name)
    except OSError as error:
        card.unreadable.append((folder, error.strerror or str(error)))
        return
    names = [one.name for one in entries]
    for one in entries:
        path = folder / one.name
        if one.is_dir(follow_symlinks=False):
            if why := folder_left_out(one.name):
                card.left_out.append((path, why))
            else:
                _look_into(card, path)
        else:
            _take_file(card, path, names)


def _take_file(card: Card, path: Path, beside: Collection[str], *, given: bool = False) -> None:
    why = file_left_out(path.name, beside) or file_left_out(path.name, card.erased(path))
    if given and why is Why.hidden:
        why = None
    if why is None and not given:
        why = _no_file(path)
    if why is None:
        card.files.append(path)
    else:
        card.left_out.append((path, why))


def _no_file(path: Path) -> Why | None:
    """A link to a file is read as the file. What cannot even be looked at is taken, and then told as not received."""
    try:
        kind = path.stat().st_mode
    except OSError:
        return Why.link if path.is_symlink() else None
    if stat.S_ISREG(kind):
        return None
    return Why.link if path.is_symlink() else Why.special


def _names_in(folder: Path) -> list[str]:
    try:
        return [one.name for one in folder.iterdir()]
    except OSError:
        return []


def _each_once(card: Card) -> list[Path]:
    """Two senders of one file would take the upload from each other. A link to one that is sent itself is left out,
    and so is a second name of it."""
    real = {path: os.path.realpath(path) for path in card.files}
    themselves = {real[path] for path in card.files if not path.is_symlink()}
    taken: set[str] = set()
    named: set[tuple[int, int]] = set()
    files = []
    for path in card.files:
        if path.is_symlink() and real[path] in themselves:
            card.left_out.append((path, Why.link))
        elif real[path] not in taken:
            taken.add(real[path])
            file = _of_several_names(path)
            if file in named:
                card.left_out.append((path, Why.link))
                continue
            named |= {file} if file else set()
            files.append(path)
    return files


def _of_several_names(path: Path) -> tuple[int, int] | None:
    """Which file it is, where it has further names (hard links)."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_nlink > 1 else None
