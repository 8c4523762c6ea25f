"""shoptune: fine-tune, merge, quantize and serve a shopping assistant for ShopBench."""

__version__ = "0.1.0"
