"""The one error that a reader raises for bad input. Programming errors stay what they are."""


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
