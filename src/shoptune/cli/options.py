"""Options shared by commands, and the function that adds commands to the app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Config = Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="the stage's config", show_default=False)]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="folder to write the artifact to", show_default=False)]
Set = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="override a config value, such as a.b=c (repeatable)")
]
Force = Annotated[bool, typer.Option("--force", help="run even if the artifact is up to date")]
Questions = Annotated[
    Path, typer.Option("--questions", metavar="FILE", help="questions in ShopBench's development format")
]
Model = Annotated[str, typer.Option("--model", metavar="DIR", help="folder or Hub id of the checkpoint")]
Host = Annotated[str, typer.Option("--host", help="address of the server")]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", metavar="KEY", envvar="SHOPTUNE_API_KEY", show_envvar=True, help="the server's API key"),
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="port of the server")]
Engine = Annotated[
    Literal["local", "ray"],
    typer.Option("--engine", help="where to run: `ray` uses the cluster at RAY_ADDRESS, or this machine"),
]
