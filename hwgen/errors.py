# SPDX-License-Identifier: Apache-2.0
"""Everything hwgen raises on purpose.

`UserError` is the user's to fix and says how; `InternalError` is ours. The command line prints the first without a
traceback and exits 1, and the second with a request for a report and exits 2.
"""

from __future__ import annotations

from dataclasses import dataclass


class HwgenError(Exception):
    """Base of every error that hwgen raises on purpose."""


class InternalError(HwgenError):
    """A broken promise inside hwgen: never the user's fault."""


@dataclass(frozen=True)
class Blocker:
    """One reason why a model cannot be built.

    where: the user's own words for the place, for example ``Conv 'layer1/conv' (node 4 of net.onnx)``.
    """

    where: str
    what: str
    found: str
    expected: str
    fix: str
    node: str = ""
    op: str = ""

    def __str__(self) -> str:
        return (
            f"{self.where}: {self.what}\n  found:    {self.found}\n  expected: {self.expected}\n  fix:      {self.fix}"
        )


class UserError(HwgenError):
    """One or more blockers, each with its way out."""

    def __init__(self, *blockers: Blocker):
        self.blockers = blockers
        super().__init__("\n".join(f"error: {blocker}" for blocker in blockers))

    @classmethod
    def of(cls, where: str, what: str, *, found: object, expected: object, fix: str, node: str = "", op: str = ""):
        """A UserError with a single blocker."""
        return cls(Blocker(where, what, str(found), str(expected), fix, node, op))


class UnsupportedOp(UserError):
    """An ONNX operator, or a use of one, that no kernel implements."""


class IllegalFolding(UserError):
    """A folding in a plan that its kernel does not offer."""


class BadModel(UserError):
    """A file that is not a model, or a model that is not well formed."""


class ToolMissing(UserError):
    """A tool that has to be installed first."""


class PlanDoesNotFit(UserError):
    """No plan within the resources of the target."""
