"""The one error a user sees: where it happened, what is wrong, what to do."""

from __future__ import annotations


class HavocError(Exception):
    """An error meant for the user, always one line.

    ``where`` names the place (a parameter, a file and row, a line and column),
    ``what`` says what is wrong, ``remedy`` says what to do about it.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        text = f"{where}: {what}" if where else what
        if remedy:
            text = f"{text}; {remedy}"
        super().__init__(" ".join(text.split()))


class InputError(HavocError):
    """The input cannot carry the request. Exit code 2 on the command line."""


class UnavailableError(InputError):
    """Another server that must be asked gives no usable answer. HTTP 503."""
