"""Weights by layer and kind."""

from shoptune.studio.reading.weights import OUTSIDE, Place, by_layer, place_of


def test_places_of_weights() -> None:
    assert place_of("model.layers.3.mlp.down_proj.weight") == Place(3, "down_proj")
    assert place_of("model.layers.12.self_attn.q_proj.bias") == Place(12, "q_proj.bias")
    assert place_of("model.layers.0.mlp.experts.5.up_proj.weight") == Place(0, "experts.5.up_proj")
    assert place_of("model.embed_tokens.weight") == Place(None, "embed_tokens")


def test_layers_are_sorted_by_number_and_kinds_in_the_order_of_use() -> None:
    table = by_layer(
        {
            "model.embed_tokens.weight": 9.0,
            "model.layers.10.mlp.down_proj.weight": 1.0,
            "model.layers.2.mlp.down_proj.weight": 2.0,
            "model.layers.2.self_attn.q_proj.weight": None,
        }
    )
    assert table.layers == ("2", "10", OUTSIDE)
    assert table.kinds == ("q_proj", "down_proj", "embed_tokens")
    assert table.cells == ((None, 2.0, None), (None, 1.0, None), (None, None, 9.0))
    assert table.values == [2.0, 1.0, 9.0]
