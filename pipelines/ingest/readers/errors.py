"""The one error that a reader raises for bad input. Programming errors stay what they are."""

from collections.abc import Iterator
from contextlib import contextmanager


class Unreadable(Exception):
    """A delivered file, or a part of it, that can't be read.

    Args:
        reason_code: snake_case, for outcomes and statistics, e.g. `wrong_encoding`.
        where: the place in the file: file name, sheet, row, byte or column.
        detail: what happened and what the sender can do, without any cell that could name a person.
    """

    def __init__(self, reason_code: str, where: str, detail: str) -> None:
        self.reason_code, self.where, self.detail = reason_code, where, detail
        super().__init__(f"{reason_code} at {where}: {detail}")


@contextmanager
def damage_is_unreadable(file_name: str) -> Iterator[None]:
    """Turns the panic of a compiled library (a BaseException of its own) into what it is here: a damaged file.

    Some damage gets past every check and trips an assertion inside the library that parses workbooks or columns.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable("damaged_file", file_name, "is damaged inside; export and deliver it again") from error
