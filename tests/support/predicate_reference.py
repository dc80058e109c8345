"""A slow, plain reading of every predicate, one place at a time, that shares no code with it."""

import math
import re
from typing import Any

from neuroscribe.tools.data.windows import WORD, TokenWindows
from neuroscribe.tools.english.inflection import forms

CASED = {
    "capitalised": lambda t: t[:1].isupper() and not any(c.isupper() for c in t[1:]),
    "upper": lambda t: sum(c.isalpha() for c in t) > 1 and t.upper() == t and t.lower() != t,
    "lower": lambda t: t.lower() == t and t.upper() != t,
    "mixed": lambda t: (
        t.lower() != t and t.upper() != t and not (t[:1].isupper() and t[1:] == t[1:].lower())
    ),
    "digits": str.isdigit,
    "punctuation": lambda t: t != "" and not any(c.isalnum() for c in t),
    "non_ascii": lambda t: any(ord(c) > 127 for c in t),
}


class Reference:
    """Degrees of a predicate's JSON at one place after another."""

    def __init__(self, windows: TokenWindows) -> None:
        self.w = windows
        self.rows = range(windows.ids.shape[0])
        self.places = range(windows.ids.shape[1])
        self.causal = windows.read is not None
        self.whole = False  # whether words are asked of from behind them

    def seen(self, r: int, c: int) -> bool:
        w = self.w
        return bool(w.counted[r, c] or (w.attended[r, c] and w.end[r, c] > w.start[r, c]))

    def word(self, r: int, c: int) -> str:
        at = int(self.w.word[r, c])
        if at < 0 or not self.causal or self.whole:
            return self.w.words[at] if at >= 0 else ""
        text, end = self.w.texts[self.w.document[r]], int(self.w.end[r, c])
        if c + 1 in self.places and self.w.attended[r, c + 1]:
            end = min(end, int(self.w.start[r, c + 1]))
        visible = [i for i in range(self.w.start[r, c], end) if not text[i].isspace()]
        at = visible[0] if visible else end - 1  # of a part of a character: the letters before
        found = [m[0] for m in WORD.finditer(text[:end]) if at in range(*m.span())]
        return found[0] if found else ""

    def bare(self, r: int, c: int) -> bool:
        """An apostrophe that may go on a word or not."""
        return self.causal and self.word(r, c) in ("'", "’")

    def evaluate(self, p: dict[str, Any]) -> list[list[float]]:
        """The whole table, zero where not counted."""
        return [
            [self.at(p, r, c) if self.w.counted[r, c] else 0.0 for c in self.places]
            for r in self.rows
        ]

    def context(self, p: dict[str, Any], r: int, c: int) -> float:
        return self.at(p, r, c) if self.seen(r, c) else 0.0

    def words_of_row(self, r: int) -> list[list[int]]:
        """The row's words: their places."""
        out: list[list[int]] = []
        last = None
        for c in self.places:
            if not self.seen(r, c) or self.w.word[r, c] < 0:
                continue
            if self.w.ordinal[r, c] != last:
                out.append([])
            out[-1].append(c)
            last = self.w.ordinal[r, c]
        return out

    def at(self, p: dict[str, Any], r: int, c: int) -> float:
        return float(getattr(self, p["kind"] + "_")(p, r, c))

    def tokens_(self, p, r, c):
        return self.w.vocabulary[self.w.ids[r, c]] in p["tokens"]

    def words_(self, p, r, c):
        def spelled(word: str, last: bool) -> set[str]:
            return set(forms(word)) if p.get("inflect") and last else {word.lower()}

        for item in p["words"]:
            pieces = re.findall(r"[\w'’]+|[^\w\s]", item)
            row = self.words_of_row(r)
            for first in range(len(row) - len(pieces) + 1):
                stretch = row[first : first + len(pieces)]
                if not any(c in places for places in (stretch[-1:] if self.causal else stretch)):
                    continue
                words = [self.w.words[self.w.word[r, places[0]]] for places in stretch]
                if self.causal:
                    words[-1] = self.word(r, c)
                if all(
                    word.lower().replace("’", "'") in spelled(piece.lower(), i == len(pieces) - 1)
                    for i, (word, piece) in enumerate(zip(words, pieces, strict=True))
                ):
                    return 1
        return 0

    def concept_(self, p, r, c):
        word = self.word(r, c).lower().replace("’", "'")
        return any(word in forms(base, p.get("part")) for base in p["words"])

    def regex_(self, p, r, c):
        if p["on"] == "word":
            return self.w.word[r, c] >= 0 and bool(re.search(p["pattern"], self.word(r, c)))
        return bool(re.search(p["pattern"], self.w.vocabulary[self.w.ids[r, c]]))

    def shape_(self, p, r, c):
        if p["shape"] in ("word_start", "word_inside"):
            if self.w.word[r, c] < 0:
                return 0
            at = next(places for places in self.words_of_row(r) if c in places)
            text = self.w.texts[self.w.document[r]]
            start = int(self.w.start[r, at[0]])
            inside = start > 0 and bool(
                re.match(r"[^\W_'’]['’]?[^\W_]", text[start - 1 : start + 2])
            )
            first = (c == at[0] and not inside) or self.bare(r, c)
            return first if p["shape"] == "word_start" else not first
        text = self.word(r, c) if self.w.word[r, c] >= 0 else self.w.vocabulary[self.w.ids[r, c]]
        return CASED[p["shape"]](text.strip())

    def position_(self, p, r, c):
        counted = [i for i in self.places if self.w.counted[r, i]]
        if p.get("from_end"):
            counted.reverse()
        return c in counted[p["start"] : p.get("stop")]

    def repeated_(self, p, r, c):
        low, high = p.get("at_least", 1), p.get("within") or 10**6
        sides = {"before": (1,), "after": (-1,), "either": (1, -1)}[p.get("side", "before")]
        steps = range(p.get("length", 1))
        if p.get("by", "token") == "token":

            def same(i):
                pairs = [(i - step, c - step) for step in steps]
                return min(min(pair) for pair in pairs) >= 0 and all(
                    self.seen(r, a) and self.seen(r, b) and self.w.ids[r, a] == self.w.ids[r, b]
                    for a, b in pairs
                )

            return any(
                same(i) for i in self.places if any(low <= side * (c - i) <= high for side in sides)
            )
        row = self.words_of_row(r)
        here = [i for i, places in enumerate(row) if c in places]
        if not here or self.bare(r, c):
            return 0
        straight = self.word(r, c).lower().replace("’", "'")
        texts = [self.w.words[self.w.word[r, one[0]]].lower().replace("’", "'") for one in row]
        more = len(steps) - 1
        return any(
            texts[i] == straight
            and min(i, here[0]) >= more
            and texts[i - more : i] == texts[here[0] - more : here[0]]
            for i in range(len(row))
            if any(low <= side * (here[0] - i) <= high for side in sides)
        )

    def _beside(self, p, r, c, sign):
        step, of = sign * p.get("distance", 1), p["of"]
        if p.get("by", "token") == "token":
            return self.context(of, r, c + step) if 0 <= c + step < len(self.places) else 0
        row = self.words_of_row(r)
        here = [i for i, places in enumerate(row) if c in places]
        if here:
            goal = here[0] + step
        elif sign < 0:
            goal = sum(places[-1] < c for places in row) + step
        else:
            goal = len(row) - sum(places[0] > c for places in row) + step - 1
        if not 0 <= goal < len(row) or self.bare(r, c):
            return 0
        self.whole, before = True, self.whole
        found = max(self.context(of, r, i) for i in row[goal])
        self.whole = before
        return found

    def previous_(self, p, r, c):
        return self._beside(p, r, c, -1)

    def next_(self, p, r, c):
        return self._beside(p, r, c, 1)

    def _somewhere(self, p, r, c, sign):
        """The largest value that way, each step away checked for its distance and for a border."""
        low, high = p.get("at_least", 1), p.get("within") or 10**6
        if p.get("by", "token") == "token":
            groups = [[i] for i in self.places]
            here = c
        else:
            groups = self.words_of_row(r)
            inside = [i for i, places in enumerate(groups) if c in places]
            if self.bare(r, c) or not self.seen(r, c):
                return 0
            if inside:
                here = inside[0]
            else:  # between two words: one step from each
                here = sum(places[0] < c for places in groups) - (sign > 0)
        self.whole, before = self.whole or p.get("by") == "word", self.whole
        largest, at = 0.0, here + sign
        while 0 <= at < len(groups) and abs(at - here) <= high:
            if abs(at - here) >= low:
                largest = max(largest, *(self.context(p["of"], r, i) for i in groups[at]))
            if p.get("since") and any(self.context(p["since"], r, i) >= 0.5 for i in groups[at]):
                break
            at += sign
        self.whole = before
        return largest

    def earlier_(self, p, r, c):
        return self._somewhere(p, r, c, -1)

    def later_(self, p, r, c):
        return self._somewhere(p, r, c, 1)

    def count_(self, p, r, c):
        many = sum(self.context(p["of"], r, i) >= 0.5 for i in range(c + 1))
        most = p.get("at_most")
        return many >= p.get("at_least", 1) and (most is None or many <= most)

    def degree(self, p, amount):
        if amount is None:
            return 0
        if "equals" in p:
            return amount == p["equals"]
        return min(1, max(0, (amount - p["low"]) / (p["high"] - p["low"])))

    def side(self, p, c, *, own):
        """The places that a side has; behind a place begins with it where it is its own."""
        side = p.get("side", "before")
        spans = {"before": (0, c + 1), "after": (c + (not own), len(self.places))}
        return range(*spans.get(side, (0, len(self.places))))

    def number(self, r, c):
        if not 0 <= c < len(self.places) or not self.seen(r, c):
            return None
        text = self.w.vocabulary[self.w.ids[r, c]].strip()
        return float(text) if text.replace(".", "", 1).isdecimal() else None

    def place(self, p, at, r, c):
        """The place so many tokens back, or from the start; none behind a causal place."""
        if not p.get("from_start"):
            return c - at
        text = [i for i in self.places if self.seen(r, i)]
        known = len(text) > at and not (self.causal and text[at] > c)
        return text[at] if known else -1

    def made(self, p, r, c):
        each = [self.number(r, self.place(p, at, r, c)) for at in p.get("at", [0])]
        if None in each:
            return None
        op = p.get("op", "sum")
        second = each[1] if len(each) > 1 else 0
        if op == "product" and len(each) > 1:
            return each[0] * second
        return each[0] + second if op == "sum" else each[0] - second

    def tally_(self, p, r, c):
        def many(part):
            return sum(self.context(part, r, i) >= 0.5 for i in self.side(p, c, own=False))

        return self.degree(p, many(p["of"]) - (many(p["minus"]) if "minus" in p else 0))

    def extreme_(self, p, r, c):
        each = [self.number(r, i) for i in self.side(p, c, own=True)]
        best = max if p.get("which", "largest") == "largest" else min
        amount = best((n for n in each if n is not None), default=None)
        if "low" in p or "equals" in p:
            return self.degree(p, amount)
        return amount is not None and self.number(r, c) == amount

    def depth_(self, p, r, c):
        texts = [self.w.vocabulary[self.w.ids[r, i]] for i in range(c + 1) if self.seen(r, i)]
        text = "".join(texts)
        opened = sum(text.count(one) for one in "([{<\u27e8\u00ab")
        return self.degree(p, opened - sum(text.count(one) for one in ")]}>\u27e9\u00bb"))

    def partner_(self, p, r, c):
        """By taking out innermost pairs until none is left."""
        left = [i for i in self.places if self.seen(r, i) and self.bracket(r, i)]
        pairs = {}
        while True:
            closed = [j for j in range(1, len(left)) if self.bracket(r, left[j]) < 0]
            closed = [j for j in closed if self.bracket(r, left[j - 1]) > 0]
            if not closed:
                break
            first, second = left[closed[0] - 1], left[closed[0]]
            pairs |= {first: second, second: first}
            left = [i for i in left if i not in (first, second)]
        here = self.bracket(r, c) if self.seen(r, c) else 0
        if not (here > 0 if p.get("side") == "after" else here < 0):
            return 0
        match, other = p.get("match", "any"), pairs.get(c)
        if match == "none" or other is None:
            return match == "none" and other is None
        same = here == -self.bracket(r, other)
        if match != "any" and same != (match == "same"):
            return 0
        return self.degree(p, abs(c - other)) if "low" in p or "equals" in p else 1

    def bracket(self, r, i):
        token = self.w.vocabulary[self.w.ids[r, i]].strip()
        kinds = {"(": 1, "[": 2, "{": 3, "<": 4, ")": -1, "]": -2, "}": -3, ">": -4}
        return kinds.get(token, 0)

    def arithmetic_(self, p, r, c):
        number = self.made(p, r, c)
        return self.degree(p, number if number is None or "mod" not in p else number % p["mod"])

    def wave_(self, p, r, c):
        number = self.made(p, r, c)
        if number is None:
            return 0
        turn = (p["frequency"] * number - p.get("peak", 0)) / p["mod"]
        return 0.5 + 0.5 * math.cos(2 * math.pi * turn)

    def computed_(self, p, r, c):
        names = {}
        exec(p["code"], names)  # of the table of cases
        places = [i for i in self.places if self.seen(r, i)]
        values = names["f"]([self.w.vocabulary[self.w.ids[r, i]] for i in places])
        amount = dict(zip(places, values, strict=True)).get(c)
        if "low" in p or "equals" in p:
            return self.degree(p, amount)
        return min(1, max(0, amount))

    def same_(self, p, r, c):
        other = self.place(p, p.get("at", 1), r, c)
        return other >= 0 and self.seen(r, other) and self.w.ids[r, other] == self.w.ids[r, c]

    def and_(self, p, r, c):
        return min(self.at(part, r, c) for part in p["of"])

    def or_(self, p, r, c):
        return max(self.at(part, r, c) for part in p["of"])

    def not_(self, p, r, c):
        return 1 - self.at(p["of"], r, c)

    def except_(self, p, r, c):
        return min(self.at(p["of"], r, c), 1 - self.at(p["but"], r, c))

    def scaled_(self, p, r, c):
        return self.at(p["of"], r, c) * (p["by"] if self.at(p["where"], r, c) >= 0.5 else 1)

    def graded_(self, p, r, c):
        held = [level["value"] for level in p["levels"] if self.at(level["of"], r, c) >= 0.5]
        return max(held, default=0)
