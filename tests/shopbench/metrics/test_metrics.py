"""The benchmark's metrics, against values worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.shopbench.metrics.bleu import bleu
from shoptune.shopbench.metrics.hit_rate_3 import hit_rate_3
from shoptune.shopbench.metrics.micro_f1 import entity_counts, f1
from shoptune.shopbench.metrics.ndcg import ndcg
from shoptune.shopbench.metrics.rouge_l import rouge_l


def test_hit_rate_counts_right_items_among_the_first_three() -> None:
    assert hit_rate_3([6, 1, 15, 9], [6, 9, 15]) == 2 / 3  # 9 comes fourth
    assert hit_rate_3([4, 4, 4], [4]) == 1.0
    assert hit_rate_3([], [4]) == 0.0


def test_ndcg_of_the_ideal_order_is_one() -> None:
    assert ndcg([1, 4, 3, 2, 5], [1, 0.01, 0.1, 1, 0]) == pytest.approx(1.0)


def test_ndcg_by_hand() -> None:
    # gains [1, 0]: ideal = (2^1 - 1) / log2(2) = 1; ranked second: 1 / log2(3)
    assert ndcg([2, 1], [1, 0]) == pytest.approx(1 / math.log2(3))


def test_ndcg_keeps_the_kits_oddities() -> None:
    assert ndcg([0], [0, 0, 1]) == pytest.approx(1.0)  # index 0 takes the last item's gain
    assert ndcg([9, 1], [1, 0]) == pytest.approx(1 / math.log2(3))  # a number past the list gains nothing
    assert ndcg([1], [0, 0]) == 0.0  # nothing to gain


def test_entities_are_compared_without_case_and_repeats_cost() -> None:
    assert entity_counts(["Cotton ", "cotton", "blue"], ["cotton", "wool"]) == (1, 2, 1)


def test_f1_sums_counts_before_dividing() -> None:
    # 1 + 3 hits, 1 false, 2 missed: precision 4/5, recall 4/6, F1 = 2 * 0.8 * (2/3) / (0.8 + 2/3) = 8/11
    assert f1([(1, 1, 0), (3, 0, 2)]) == pytest.approx(8 / 11)
    assert f1([(0, 0, 0)]) == 0.0
    assert f1([]) == 0.0


def test_rouge_l_stems_words() -> None:
    # 'runs small' against 'running smaller': the stems 'run' agree, 'small' and 'smaller' do not: P = R = F = 1/2
    assert rouge_l("runs small", "running smaller") == pytest.approx(0.5)


def test_bleu_reads_one_line_without_case() -> None:
    assert bleu("\nA blue steel kettle\nsecond line", "a BLUE steel kettle") == pytest.approx(1.0)
    assert bleu("", "a blue steel kettle") == 0.0


def test_bleu_by_hand() -> None:
    # 4 of 5 words, 2 of 4 pairs, 1 of 3 triples, no quadruple (smoothed to 1/(2*2)): no brevity penalty at equal length
    expected = math.exp((math.log(4 / 5) + math.log(2 / 4) + math.log(1 / 3) + math.log(0.5 / 2)) / 4)
    assert bleu("the red steel kettle boils", "the red steel pot boils") == pytest.approx(expected)


def test_japanese_is_split_into_words() -> None:
    right = "青いケトルはスチール製です"
    assert bleu("青いケトルはガラス製です", right, japanese=True) > bleu("青いケトルはガラス製です", right)


@given(st.lists(st.integers(0, 9), max_size=8), st.lists(st.sampled_from([0, 0.01, 0.1, 1]), min_size=1, max_size=5))
def test_ndcg_of_a_ranking_without_repeats_is_a_share(ranking: list[int], gains: list[float]) -> None:
    distinct = [number for number in dict.fromkeys(ranking) if number > 0]
    assert 0.0 <= ndcg(distinct, gains) <= 1.0 + 1e-12
