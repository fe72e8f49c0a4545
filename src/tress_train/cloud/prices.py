"""What a job costs at most, from one dated table."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tress.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).parent / "prices.toml"


@dataclass(frozen=True)
class Estimate:
    """What a job costs if it runs for all its hours; ``amount`` is None where the table does not know the machine."""

    amount: float | None
    unknown: str
    hours: float
    date: str
    currency: str

    def __str__(self) -> str:
        if self.amount is None:
            return (
                f"cost unknown: the price table of {self.date} has no {self.unknown}; give --prices with one that has"
            )
        return f"at most {self.amount:.2f} {self.currency} for {self.hours:g} hours (approximate prices of {self.date})"


def estimate(
    machine: str, accelerator: str, count: int, replicas: int, hours: float, *, spot: bool, table: Path = TABLE
) -> Estimate:
    """What ``replicas`` machines cost for ``hours``.

    Args:
        machine: type of the machine.
        accelerator: type of its accelerators, or empty.
        count: accelerators of a machine.
        replicas: number of machines.
        hours: for how long.
        spot: at the price of machines that may be taken away.
        table: TOML file of prices.

    Raises:
        InputError: the table cannot be read.
    """
    try:
        prices: dict[str, Any] = tomllib.loads(table.read_text(encoding="utf-8"))
        kind, date, currency = "spot" if spot else "hour", str(prices["date"]), str(prices["currency"])
        wanted = [(prices["machines"], machine, 1)]
        wanted += [(prices["accelerators"], accelerator, count)] if accelerator else []
        missing = next((name for group, name, _ in wanted if kind not in group.get(name, {})), "")
        total = None if missing else sum(float(group[name][kind]) * number for group, name, number in wanted)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            "prices_malformed", f"{table} is no table of prices: {error}", hint=f"take {TABLE} as an example"
        ) from error
    return Estimate(None if total is None else total * replicas * hours, missing, hours, date, currency)
