#!/usr/bin/env python3
"""`labrelay units` against an independent calculation: Python's fractions and decimal.

Random values of random size and precision in random units are converted by the command and by this file,
which has its own small table of factors and its own rounding. 40,000 values in the short form, a million with
LABRELAY_LONG=1. Then the forms of the command: exit codes, line by line, refusals.
"""

import decimal
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
from decimal import Decimal
from fractions import Fraction

LABRELAY = sys.argv.pop(1)
SOURCE = pathlib.Path(__file__).resolve().parents[3]
MAPPINGS = SOURCE / "mappings"
COUNT = 1_000_000 if os.environ.get("LABRELAY_LONG") else 40_000

CONTEXT = decimal.Context(prec=200, rounding=decimal.ROUND_HALF_EVEN, Emax=10_000, Emin=-10_000)

# Factors to the first unit of each family, from the units' own definitions.
MINUTE, HOUR, DAY = 60, 3600, 86400
INCH = Fraction(254, 10000)
GRAIN = Fraction(6479891, 10**11)  # kg
FAMILIES = [
    {"m": 1, "[in_i]": INCH, "[ft_i]": 12 * INCH, "[ft_us]": Fraction(1200, 3937), "km": 1000,
     "nm": Fraction(1, 10**9), "[mi_i]": 5280 * 12 * INCH, "7.um": Fraction(7, 10**6)},
    {"kg/m3": 1, "g/L": 1, "mg/dL": Fraction(1, 100), "ug/mL": Fraction(1, 1000), "g%": 10,
     "ng/L": Fraction(1, 10**9), "[gr]/L": GRAIN * 1000, "[lb_av]/m3": 7000 * GRAIN},
    {"mol/L": 1, "mmol/L": Fraction(1, 1000), "umol/dL": Fraction(1, 10**5), "nmol/mL": Fraction(1, 10**6),
     "mol/m3": Fraction(1, 1000)},
    {"U/L": 1, "ukat/L": 60, "nkat/mL": 60, "umol/h/L": Fraction(1, 60), "mmol/d/L": Fraction(1000, 1440),
     "pmol/s/mL": Fraction(60, 1000)},
    {"[IU]/mL": 1, "k[IU]/L": 1, "m[iU]/mL": Fraction(1, 1000), "10*6.[IU]/dL": 10**4},
    {"/uL": 1, "10*9/L": 1000, "/mL": Fraction(1, 1000), "10*3/uL": 1000, "{cells}/nL": 1000},
    {"s": 1, "min": MINUTE, "h": HOUR, "d": DAY, "wk": 7 * DAY, "a": Fraction(36525, 100) * DAY, "ms": Fraction(1, 1000)},
    {"Pa": 1, "mm[Hg]": Fraction(133322, 1000), "cm[H2O]": Fraction(980665, 10**4), "mbar": 100, "atm": 101325},
]


def is_power_of_ten(factor):
    top, bottom = factor.numerator, factor.denominator
    return {top, bottom} >= {1} and str(max(top, bottom)).strip("0") == "1"


def decimal_of(number):
    """A fraction with 200 digits; exact where it ends."""
    return CONTEXT.divide(Decimal(number.numerator), Decimal(number.denominator))


def place_of(number):
    """floor(log10 |number|)."""
    place = decimal_of(number).adjusted()
    assert Fraction(10)**place <= abs(number) < Fraction(10)**(place + 1)
    return place


def round_half_even(number, scale):
    return Fraction(round(number * Fraction(10)**scale)) / Fraction(10)**scale


def significant(text):
    digits = text.lower().split("e")[0].lstrip("-").replace(".", "").lstrip("0")
    return max(1, len(digits))


def expected(text, factor):
    """What the stated rule of digits gives for a value that was reported as `text`."""
    value = Fraction(text)
    exact = value * factor
    if exact == 0 or is_power_of_ten(factor):
        return exact
    digits = 24 if Decimal(text).as_tuple().exponent == 0 else min(36, significant(text) + 2)
    scale = digits - 1 - place_of(exact)
    return round_half_even(exact, scale)


def random_value(rng):
    digits = rng.randint(1, 12)
    number = str(rng.randint(10**(digits - 1), 10**digits - 1))
    form = rng.randrange(4)
    if form == 0:
        return number
    if form == 1:
        return f"{number}e{rng.randint(-30, 30) - digits}"
    at = rng.randint(0, digits)
    return f"{number[:at] or '0'}.{number[at:] or '0'}" if form == 2 else f"-{number[:at] or '0'}.{number[at:] or '0'}"


def run(*arguments, text=None):
    return subprocess.run([LABRELAY, "units", *arguments], input=text, text=True, cwd=SOURCE, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class RandomValues(unittest.TestCase):
    def test_agree_with_fractions(self):
        rng = random.Random(20261128)
        rows = []
        for _ in range(COUNT):
            family = rng.choice(FAMILIES)
            source, target = rng.choice(list(family)), rng.choice(list(family))
            rows.append((random_value(rng), source, target, Fraction(family[source]) / Fraction(family[target])))
        answer = run("convert", "--stdin", text="".join(f"{v}\t{f}\t{t}\n" for v, f, t, _ in rows))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        lines = answer.stdout.splitlines()
        self.assertEqual(len(lines), COUNT)
        for line, (value, source, target, factor) in zip(lines, rows):
            if Fraction(line) != expected(value, factor):
                self.fail(f"{value} {source} {target}: {line} for {decimal_of(expected(value, factor))}")
            most = significant(value) + (0 if is_power_of_ten(factor) else 2)
            if Decimal(value).as_tuple().exponent != 0 and len(Decimal(line).normalize().as_tuple().digits) > most:
                self.fail(f"{value} {source} {target}: {line} has more digits than {most}")

    def test_there_and_back_prints_what_was_reported(self):
        rng = random.Random(7)
        rows = []
        for _ in range(COUNT // 10):
            family = rng.choice(FAMILIES)
            value = f"{rng.randint(1, 99999)}.{rng.randint(10, 99)}"
            rows.append((value, rng.choice(list(family)), rng.choice(list(family))))
        there = run("convert", "--stdin", text="".join(f"{v}\t{f}\t{t}\n" for v, f, t in rows)).stdout.splitlines()
        back = run("convert", "--stdin",
                   text="".join(f"{v}\t{t}\t{f}\n" for v, (_, f, t) in zip(there, rows))).stdout.splitlines()
        for (value, source, target), result in zip(rows, back):
            scale = len(value.split(".")[1])
            self.assertEqual(round_half_even(Fraction(result), scale), Fraction(value), f"{value} {source} {target}")

    def test_temperatures_are_exact(self):
        rng = random.Random(3)
        values = [f"{rng.randint(-400, 2000)}.{rng.randint(0, 99):02}" for _ in range(COUNT // 20)]
        lines = run("convert", "--stdin",
                    text="".join(f"{v}\tCel\tK\n{v}\tCel\t[degF]\n{v}\t[degF]\tCel\n" for v in values)
                    ).stdout.splitlines()
        for index, value in enumerate(values):
            number = Fraction(value)
            self.assertEqual(Fraction(lines[3 * index]), number + Fraction(27315, 100), value)
            self.assertEqual(Fraction(lines[3 * index + 1]), number * 9 / 5 + 32, value)
            # Two places more than a hundredth of a degree Fahrenheit moves: 0.0056 is in the third place.
            self.assertEqual(Fraction(lines[3 * index + 2]), round_half_even((number - 32) * 5 / 9, 5), value)

    def test_logarithms_agree_with_decimal(self):
        rng = random.Random(5)
        values = [f"{rng.randint(0, 13)}.{rng.randint(0, 99):02}" for _ in range(COUNT // 100)]
        lines = run("convert", "--stdin", text="".join(f"{v}\t[pH]\tmol/L\n" for v in values)).stdout.splitlines()
        for line, value in zip(lines, values):
            exact = CONTEXT.power(Decimal(10), -Decimal(value))
            moved = exact - CONTEXT.power(Decimal(10), -Decimal(value) - Decimal("0.01"))
            place = moved.adjusted()
            self.assertEqual(Decimal(line), exact.quantize(Decimal(1).scaleb(place - 2), context=CONTEXT), value)

    def test_molar_masses(self):
        rng = random.Random(9)
        values = [f"{rng.randint(1, 999)}.{rng.randint(0, 9)}" for _ in range(COUNT // 100)]
        rows = [("mg/L", Fraction(1000) / Fraction("113.12")), ("mg/dL", Fraction("88.42")),
                ("mmol/L", Fraction(1000)), ("nmol/mL", Fraction(1))]
        lines = run("convert", "--stdin", "--analyte", "CREA", "--mappings", str(MAPPINGS),
                    text="".join(f"{v}\t{u}\tumol/L\n" for v in values for u, _ in rows)).stdout.splitlines()
        for (value, (unit, factor)), line in zip(((v, r) for v in values for r in rows), lines):
            self.assertEqual(Fraction(line), expected(value, factor), f"{value} {unit}")


class TheCommand(unittest.TestCase):
    def check(self, arguments, code, out, error_begins=""):
        result = run(*arguments)
        self.assertEqual((result.returncode, result.stdout), (code, out), result.stderr)
        self.assertTrue(result.stderr.startswith(error_begins), result.stderr)

    def test_validate(self):
        self.check(["validate", "mg/dL"], 0, "valid\n")
        self.check(["validate", "[IU]", "[in_i]", "-1"], 1, "valid\nvalid\ninvalid\tunit-character at byte 0: "
                   "A character stands in the unit that UCUM does not know there. A unit does not begin with \"-\".\n")
        self.check(["validate", "mg", "--josn"], 2, "")
        result = run("validate", "mg/dL", "mIU/mL", "m/")
        self.assertEqual(result.returncode, 1)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], "valid")
        self.assertTrue(lines[1].startswith("invalid\tunit-symbol-unknown at byte 0: "), lines)
        self.assertIn("m[IU]", lines[1])
        self.assertTrue(lines[2].startswith("invalid\tunit-term-missing at byte 2: "), lines)
        self.assertEqual(run("validate").returncode, 2)
        self.assertEqual(run("validate", "m", "--stdin").returncode, 2)

    def test_convert(self):
        self.check(["convert", "6.30", "[in_i]", "m"], 0, "0.16002\n")
        self.check(["convert", "2", "[IU]/L", "m[IU]/mL"], 0, "2\n")
        self.check(["convert", "1", "m[Hg]", "g.s-2.m-1"], 0, "133322000\n")
        self.check(["convert", "-40", "Cel", "[degF]"], 0, "-40\n")
        self.check(["convert", "1e30", "g", "kg"], 0, "1" + "0" * 27 + "\n")
        self.check(["convert", "1e-30", "kg", "g"], 0, "0." + "0" * 26 + "1\n")
        self.check(["convert", "1", "mg/dL", "mmol/L"], 1, "", "error\tunits-incommensurable: ")
        self.check(["convert", "1", "[IU]/mL", "{copies}/mL"], 1, "", "error\tunits-incommensurable: ")
        self.check(["convert", "1", "m/", "m"], 1, "", "error\tunit-term-missing at byte 2: ")
        self.check(["convert", "x", "m", "m"], 1, "", "error\tvalue-unreadable: ")
        self.check(["convert", "0", "mol/L", "[pH]"], 1, "", "error\tscale-undefined: ")
        self.assertEqual(run("convert", "1", "m").returncode, 2)
        self.assertEqual(run("convert").returncode, 2)

    def test_analyte(self):
        crea = ["--analyte", "CREA", "--mappings", str(MAPPINGS)]
        self.check(["convert", "1.20", "mg/dL", "umol/L", *crea], 0, "106.10\n")
        self.check(["convert", "96", "mg/dL", "mmol/L", "--analyte", "GLU", "--mappings", str(MAPPINGS)], 0, "5.329\n")
        self.check(["convert", "1.20", "mg/L", "umol/L", *crea], 0, "10.608\n")
        self.check(["convert", "4.5", "K/uL", "/uL", "--analyte", "CD4A", "--mappings", str(MAPPINGS)], 0, "4500\n")
        self.check(["convert", "1", "/uL", "umol/L", *crea], 1, "", "error\tunknown-unit: ")
        self.check(["convert", "1", "copies/mL", "IU/mL", "--analyte", "HBVDNA", "--mappings", str(MAPPINGS)], 1, "",
                   "error\tneeds-assay-factor: ")
        self.check(["convert", "1", "mg/dL", "mmol/L", "--analyte", "UREA", "--mappings", str(MAPPINGS)], 1, "",
                   "error\tunit-ambiguous: ")
        self.assertEqual(run("convert", "1", "m", "m", "--analyte", "NONE", "--mappings", str(MAPPINGS)).returncode, 2)

    def test_lines_are_answered_in_order(self):
        result = run("validate", "--stdin", text="mg/dL\n\nm\r\nmg / dL\nkg")
        self.assertEqual(result.returncode, 1)
        lines = result.stdout.split("\n")
        self.assertEqual([line.split("\t")[0] for line in lines], ["valid", "invalid", "valid", "invalid", "valid", ""])
        result = run("convert", "--stdin", text="1\tkm\tm\n1 km m\n\n2.50\tm\tcm\nx\ty\tz\n")
        self.assertEqual(result.returncode, 1)
        self.assertEqual([line.split("\t")[0] for line in result.stdout.split("\n")],
                         ["1000", "error", "error", "250", "error", ""])

    def test_each_answer_comes_before_the_next_question(self):
        with subprocess.Popen([LABRELAY, "units", "convert", "--stdin"], text=True, bufsize=1,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asked:
            for number in range(1, 20):
                asked.stdin.write(f"{number}\tm\tcm\n")
                asked.stdin.flush()
                self.assertEqual(asked.stdout.readline(), f"{number * 100}\n")
            asked.stdin.close()
            self.assertEqual(asked.wait(), 0)

    def test_hostile_lines_cost_their_own_line(self):
        hostile = ["(" * 100_000, "m" * 1_000_000, "10*999999999", "{" + "a" * 70_000 + "}", "\u00b5mol/L", "1" * 5000]
        text = "".join(f"{line}\nmg/dL\n" for line in hostile)
        lines = run("validate", "--stdin", text=text).stdout.splitlines()
        self.assertEqual([line.split("\t")[0] for line in lines], ["invalid", "valid"] * len(hostile))
        many = "".join(f"m{{{number}}}\n" for number in range(20_000))  # more than is remembered
        self.assertEqual(run("validate", "--stdin", text=many).stdout, "valid\n" * 20_000)

    def test_json(self):
        result = run("validate", "--json", "mmol/L", "m/")
        self.assertIn('"canonical":"602214076.10*15.m-3"', result.stdout)
        self.assertIn('"code":"unit-term-missing","at":2', result.stdout)

    def test_without_a_configuration(self):
        with tempfile.TemporaryDirectory() as empty:
            result = subprocess.run([LABRELAY, "units", "validate", "mg/dL"], cwd=empty, check=False,
                                    stdout=subprocess.PIPE, text=True)
            self.assertEqual((result.returncode, result.stdout), (0, "valid\n"))


if __name__ == "__main__":
    unittest.main()
