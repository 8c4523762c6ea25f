"""Show a merge certificate in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from shoptune.merge.certificate import Certificate, by_kind


def print_table(certificate: Certificate) -> None:
    """Print to stderr what was meant to change in each kind of layer and what rounding lost of it."""
    table = Table(box=None, header_style="bold")
    for column in ("layers", "delta", "survived", "lost", "unchanged", "max error"):
        table.add_column(column, justify="left" if column == "layers" else "right", overflow="fold")
    for kind, rounding in {**by_kind(certificate), "all": certificate.total()}.items():
        values = rounding.summary()
        table.add_row(
            kind,
            f"{values['intended_norm']:.4g}",
            f"{values['survived_norm']:.4g}",
            f"{values['lost_share']:.1%}",
            f"{values['unchanged_share']:.1%}",
            f"{values['max_error']:.1e}",
        )
    Console(stderr=True).print(table)
