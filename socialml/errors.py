"""Errors a user can act on. Anything else that is raised is a bug."""


class UserError(Exception):
    """A mistake or a missing thing that the user can mend.

    code: a stable word for programs, such as ``no_dataset``.
    message: what happened and where, with the value and the bound.
    hint: what to do about it.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, "hint": self.hint}


class Cancelled(Exception):
    """The user stopped the work; nothing was kept."""
