"""Small pieces of English that predicates are rendered with."""

from collections.abc import Sequence

MOST_LISTED = 5


def quoted(text: str) -> str:
    """A word or a token in quotation marks, with invisible characters made visible."""
    safe = text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f'"{safe}"' if "'" in safe else f"'{safe}'"


def either(items: Sequence[str], *, joint: str = "or", most: int = MOST_LISTED) -> str:
    """`'a', 'b' or 'c'`; long lists end in `and 7 more`."""
    listed = [quoted(item) for item in items[:most]]
    if len(items) > most:
        return f"{', '.join(listed)} and {len(items) - most} more"
    return series(listed, joint)


def series(items: Sequence[str], joint: str = "or") -> str:
    """`a, b or c`."""
    return f"{', '.join(items[:-1])} {joint} {items[-1]}" if len(items) > 1 else "".join(items)


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    end = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{end}"


def number_of(number: int, noun: str) -> str:
    """`1 token`, `4 tokens`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
