"""The made-up shop: its product types, brands and products, the same on every machine for one seed."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

FACTS = Path(__file__).with_name("facts.yaml")
LOCALES = {"en": "UK", "de": "DE", "fr": "FR", "it": "IT", "es": "ES", "ja": "JP"}
PRODUCTS_PER_BRAND = 4  # the last of each brand appears in the questions only, never in the sources
PACKS = (1, 2, 3, 4, 6)

_TITLES = {
    "en": "{brand} {type}, {material}, {color}, {weight} oz (Pack of {pack})",
    "de": "{brand} {type}, {material}, {color}, {weight} oz ({pack}er Pack)",
    "fr": "{brand} {type}, {material}, {color}, {weight} oz (Lot de {pack})",
    "it": "{brand} {type}, {material}, {color}, {weight} oz (Confezione da {pack})",
    "es": "{brand} {type}, {material}, {color}, {weight} oz (Paquete de {pack})",
    "ja": "{brand} {type} {material} {color} {weight} oz ({pack}個パック)",
}
_DESCRIPTIONS = {
    "en": "A {color} {type} made of {material}",
    "de": "{type} aus {material} in {color}",
    "fr": "{type} en {material}, couleur {color}",
    "it": "{type} in {material}, colore {color}",
    "es": "{type} de {material}, color {color}",
    "ja": "{material}製の{color}の{type}",
}


@dataclass(frozen=True)
class ProductType:
    """One kind of product the shop sells, with its names by language (`en` included)."""

    name: str
    department: str
    complement: str
    attribute: str
    audience: str
    definition: str
    names: dict[str, str]
    brands: tuple[str, ...]
    materials: tuple[str, ...]
    aspects: tuple[str, ...]
    weights: tuple[int, ...]


@dataclass(frozen=True)
class Product:
    """One article; `weight` is in ounces for one piece, `pack` the number of pieces, `price` in cents."""

    asin: str
    brand: str
    type: ProductType
    material: str
    color: str
    weight: int
    pack: int
    price: int


class World:
    """All facts of the shop, read once, and the products made from them."""

    def __init__(self, facts: Path = FACTS) -> None:
        raw = yaml.safe_load(facts.read_text(encoding="utf-8"))
        self.colors: dict[str, dict[str, str]] = {en: {"en": en, **other} for en, other in raw["colors"].items()}
        self.materials: dict[str, dict[str, str]] = {en: {"en": en, **other} for en, other in raw["materials"].items()}
        self.aspects: dict[str, dict[str, list[str]]] = raw["aspects"]
        self.verdicts: dict[int, list[str]] = raw["verdicts"]
        self.types = {name: _product_type(name, fields) for name, fields in raw["product_types"].items()}

    @cached_property
    def products(self) -> list[Product]:
        """Every article, grouped by product type and brand."""
        return [
            self._product(product_type, brand, number)
            for product_type in self.types.values()
            for brand in product_type.brands
            for number in range(PRODUCTS_PER_BRAND)
        ]

    @property
    def listed(self) -> list[Product]:
        """The articles that the sources know."""
        return [product for number, product in enumerate(self.products) if (number + 1) % PRODUCTS_PER_BRAND]

    @property
    def unlisted(self) -> list[Product]:
        """The articles that only the questions know: one of each brand."""
        return self.products[PRODUCTS_PER_BRAND - 1 :: PRODUCTS_PER_BRAND]

    def others(self, product_type: ProductType) -> list[ProductType]:
        """The product types that are neither this one nor its complement."""
        return [
            other for other in self.types.values() if other.name not in {product_type.name, product_type.complement}
        ]

    def title(self, product: Product, language: str = "en") -> str:
        """The listing's title in one language."""
        return _TITLES[language].format(
            brand=product.brand, weight=product.weight, pack=product.pack, **self._words(product, language)
        )

    def description(self, product: Product, language: str = "en") -> str:
        """The listing's one-line description in one language."""
        return _DESCRIPTIONS[language].format(**self._words(product, language))

    def _words(self, product: Product, language: str) -> dict[str, str]:
        return {
            "type": product.type.names[language],
            "material": self.materials[product.material][language],
            "color": self.colors[product.color][language],
        }

    def _product(self, product_type: ProductType, brand: str, number: int) -> Product:
        asin = "B0" + hashlib.sha256(f"{brand}/{number}".encode()).hexdigest()[:8].upper()
        rng = random.Random(asin)
        return Product(
            asin=asin,
            brand=brand,
            type=product_type,
            material=product_type.materials[number % len(product_type.materials)],
            color=rng.choice(sorted(self.colors)),
            weight=rng.choice(product_type.weights),
            pack=rng.choice(PACKS),
            price=rng.randrange(499, 9999, 50),
        )


def _product_type(name: str, fields: dict[str, object]) -> ProductType:
    lists = {key: tuple(fields[key]) for key in ("brands", "materials", "aspects")}
    names = {"en": name, **fields["names"]}
    texts = {key: fields[key] for key in ("department", "complement", "attribute", "audience", "definition")}
    return ProductType(name=name, names=names, weights=tuple(fields["weight"]), **texts, **lists)
