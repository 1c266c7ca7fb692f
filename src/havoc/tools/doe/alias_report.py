"""The algebra of a fraction in words: aliases, clear effects, confounding, word lengths."""

from __future__ import annotations

from havoc.tools.doe.confounding import Effect


def aliases_by_effect(
    classes: dict[int, list[Effect]], order: int, symbols: str
) -> dict[str, list[str]]:
    """Signed aliases of main effects and two-factor interactions (words of the relation apart)."""
    found: dict[Effect, list[str]] = {}
    for column, members in classes.items():
        if column == 0:
            continue
        for effect in members:
            if effect.order <= 2:
                found[effect] = [
                    other.word(effect.sign, symbols)
                    for other in members
                    if other.mask != effect.mask and other.order <= order
                ]
    ordered = sorted(found, key=by_order)
    return {Effect(effect.mask, 1).word(symbols=symbols): found[effect] for effect in ordered}


def by_order(effect: Effect) -> tuple[int, list[int]]:
    """Lower orders first, then by the position of the factors."""
    return effect.order, [bit for bit in range(effect.mask.bit_length()) if effect.mask >> bit & 1]


def clear_effects(classes: dict[int, list[Effect]], symbols: str) -> list[str]:
    clear = [
        members[0]
        for column, members in classes.items()
        if column and sum(effect.order <= 2 for effect in members) == 1
    ]
    ordered = sorted(
        (effect for effect in clear if effect.order <= 2),
        key=by_order,
    )
    return [Effect(effect.mask, 1).word(symbols=symbols) for effect in ordered]


def confounded_words(
    classes: dict[int, list[Effect]], block_columns: list[int], symbols: str
) -> list[str]:
    """Effects of up to three factors that blocks cannot be told from."""
    effects = [
        effect
        for column in block_columns
        for effect in classes.get(column, [])
        if effect.order <= 3
    ]
    ordered = sorted(effects, key=by_order)
    return [effect.word(symbols=symbols) for effect in ordered]


def word_lengths(words: list[Effect]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for effect in words:
        lengths[str(effect.order)] = lengths.get(str(effect.order), 0) + 1
    return lengths
