"""Actions, feelings and needs of customers, in the on-disk format of ATOMIC 2020."""

from __future__ import annotations

import random
from pathlib import Path

from examples.shop.source_files import write_tsv
from examples.shop.world import World

_EVENTS = ("PersonX buys a {name}", "PersonX looks for a {name}", "PersonX gives PersonY a {name}")
# What holds of each event, by relation; the names of goods keep what holds of one event from holding of another.
_TAILS = {
    "HinderedBy": ["Every {name} is sold out.", "PersonX already owns a {name}."],
    "xReact": ["pleased with the {name}", "fond of the {aspect}"],
    "xEffect": ["reads about the {aspect}", "carries a {name} home"],
    "xIntent": ["to own a good {name}", "something {audience} use"],
    "xWant": ["to try the {name}", "to get a {complement} too"],
    "xNeed": ["to go where a {name} is sold", "to compare the {aspect}"],
}


def write_atomic(world: World, directory: Path, seed: str) -> None:
    """`train.tsv` without a header: event, relation, and what stands in it, or `none`."""
    rng = random.Random(seed)
    rows = []
    for product_type in world.types.values():
        names = {
            "name": product_type.name,
            "complement": product_type.complement,
            "audience": product_type.audience,
            "aspect": f"{product_type.aspects[0]} of the {product_type.name}",
        }
        for event in _EVENTS:
            for relation, tails in _TAILS.items():
                head = event.format(**names)
                rows += [(head, relation, tail.format(**names)) for tail in rng.sample(tails, 1 + rng.randrange(2))]
                if rng.random() < 0.2:
                    rows.append((head, relation, "none"))
        rows.append((f"PersonX puts ___ on the {product_type.name}", "xReact", "happy"))
    write_tsv(directory / "train.tsv", rows)
