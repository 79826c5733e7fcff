"""Makes tokenizer/internal/charprop/tables.go: the character properties that Hugging Face's tokenizers library goes by.

    python3 tools/oracle/character_properties.py      (versions: requirements.txt; run from the root of the repository)

Its crates bring tables of several Unicode versions (9 for normal forms, 8 for categories, the newest for regular expressions
and the standard library), so the properties are asked of the library itself, code point by code point.
"""
import subprocess
import unicodedata

from tokenizers import Regex, normalizers as N, pre_tokenizers as P
import tokenizers

OUT = "tokenizer/internal/charprop/tables.go"
ALL = [c for c in range(0x110000) if not 0xd800 <= c < 0xe000]


def ranges(members):
    out = []
    for c in members:
        if out and c == out[-1][1] + 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def isolated(pre):
    """The characters that pre cuts out of a word, or that it removes."""
    return lambda c: len(pre.pre_tokenize_str("a" + chr(c) + "a")) > 1


def changed(norm, before=""):
    return lambda c: norm.normalize_str(before + chr(c)) != before + chr(c)


def compositions():
    """The characters that compose with one before them."""
    nfc, out = N.NFC(), set()
    for c in ALL:
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) == 2 and not parts[0].startswith("<") and nfc.normalize_str(chr(int(parts[0], 16)) + chr(int(parts[1], 16))) == chr(c):
            out.add(int(parts[1], 16))
    return out | set(range(0x1161, 0x1176)) | set(range(0x11a8, 0x11c3))


def sets():
    clean = N.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    bare = N.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    nfd, nfkd, second = N.NFD(), N.NFKD(), compositions()
    word = P.Whitespace()
    yield "Numeric", "has a general category N (char::is_numeric)", isolated(P.Digits(individual_digits=True))
    yield "Word", r"is matched by \w of the regex crate", lambda c: word.pre_tokenize_str("a" + chr(c) + "a") == [("a" + chr(c) + "a", (0, 3))]
    yield "Punctuation", "is punctuation to Punctuation and BertPreTokenizer: ASCII symbols and categories P", isolated(P.Punctuation())
    yield "Control", "is dropped by BertNormalizer's clean_text: U+0000, U+FFFD and categories Cc, Cf, Co, but tab, LF and CR", lambda c: clean.normalize_str("a" + chr(c)) == "a"
    yield "Nonspacing", "has category Mn, as BertNormalizer's strip_accents sees it", lambda c: nfd.normalize_str(chr(c)) == chr(c) and bare.normalize_str("a" + chr(c)) == "a"
    yield "Mark", "has category M, as StripAccents sees it", lambda c: N.StripAccents().normalize_str("a" + chr(c)) == "a"
    for name, kind, general in (("Alphabetic", "alpha", "\\p{L}|\\p{Nl}"), ("Uppercase", "upper", "\\p{Lu}"), ("Lowercase", "lower", "\\p{Ll}")):
        kind, general = (P.Split(Regex(x), "removed", False) for x in (f"[[:{kind}:]]", general))
        yield "Other" + name, f"has the property {name} by Oniguruma, but no category that tells", lambda c, k=kind, g=general: not k.pre_tokenize_str(chr(c)) and bool(g.pre_tokenize_str(chr(c)))
    yield "Active", "decomposes, composes with a character before it, or has a combining class, for the normal forms", lambda c: (
        c == 0x345 or c in second or changed(nfd)(c) or changed(nfkd)(c) or changed(nfd, "\u0345")(c))


def lower():
    """The lower-case mapping as rows of first, last, step, what is added; and the characters that become two."""
    norm, single, double = N.Lowercase(), [], {}
    for c in ALL:
        out = norm.normalize_str(chr(c))
        if len(out) > 1:
            double[c] = out
        elif out != chr(c):
            single.append((c, ord(out) - c))
    rows = []
    for c, delta in single:
        if rows and rows[-1][3] == delta:
            lo, hi, step, _ = rows[-1]
            if lo == hi and c - lo <= 2 or c - hi == step:
                rows[-1] = (lo, c, c - hi, delta)
                continue
        rows.append((c, c, 1, delta))
    return rows, double


def scripts():
    """Ranges of characters that UnicodeScripts does not cut between, numbered; those that go with any have number 0."""
    pre = P.UnicodeScripts()
    together = lambda a, b: len(pre.pre_tokenize_str(a + b)) == 1
    latin, cyrillic = "a", "\u044f"
    kinds, out = [latin, cyrillic], []
    for c in ALL:
        ch = chr(c)
        if together(latin, ch) and together(cyrillic, ch):
            kind = 0
        elif out and out[-1][2] > 0 and together(kinds[out[-1][2] - 1], ch):
            kind = out[-1][2]
        else:
            kind = next((k + 1 for k, rep in enumerate(kinds) if together(rep, ch)), 0)
            if kind == 0:
                kinds.append(ch)
                kind = len(kinds)
        if out and out[-1][2] == kind and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c, kind])
    return [r for r in out if r[2] > 0]


def main():
    out = ["// Code generated by tools/oracle/character_properties.py with tokenizers " + tokenizers.__version__ + ". DO NOT EDIT.", "", "package charprop", ""]
    for name, doc, member in sets():
        found = ranges(c for c in ALL if member(c))
        out += [f"// A member of {name} {doc}.", f"var {name[0].lower() + name[1:]}Ranges = []uint32{{"]
        flat = [f"{lo:#x}, {hi:#x}" for lo, hi in found]
        out += ["\t" + ", ".join(flat[i:i + 8]) + "," for i in range(0, len(flat), 8)] + ["}", ""]
    single, double = lower()
    out += ["// lowerRows are characters that become another one in lower case.", "var lowerRows = []lowerRow{"]
    flat = [f"{{{lo:#x}, {hi:#x}, {step}, {delta}}}" for lo, hi, step, delta in single]
    out += ["\t" + ", ".join(flat[i:i + 6]) + "," for i in range(0, len(flat), 6)] + ["}", ""]
    assert double == {0x130: "i\u0307"}, double
    out += ["// scriptRanges are first, last and number of what is written in one script.", "var scriptRanges = []uint32{"]
    flat = [f"{lo:#x}, {hi:#x}, {kind}" for lo, hi, kind in scripts()]
    out += ["\t" + ", ".join(flat[i:i + 6]) + "," for i in range(0, len(flat), 6)] + ["}", ""]
    with open(OUT, "w") as f:
        f.write("\n".join(out))
    subprocess.run(["gofmt", "-w", OUT], check=True)


main()
