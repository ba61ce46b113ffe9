"""Counts what was compared, and says what did not agree."""

import sys
import typing


class Report:
    def __init__(self) -> None:
        self.checks = 0
        self.mismatches: typing.List[str] = []
        self._section = ""

    def section(self, title: str) -> None:
        self._section = title
        print(f"- {title}", flush=True)

    def equal(self, what: str, found: typing.Any, expected: typing.Any) -> None:
        self.true(f"{what}: {found!r} in place of {expected!r}", found == expected)

    def true(self, complaint: str, holds: bool) -> None:
        self.checks += 1
        if holds:
            return
        self.mismatches.append(f"{self._section}: {complaint}")
        print(f"  ! {complaint}", file=sys.stderr, flush=True)
