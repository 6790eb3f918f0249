"""Records what badcrossbar computes for small arrays with wire resistance.

    python ir_drop.py > ../../fixtures/ir_drop.json

Needs the package `badcrossbar`. Cells and inputs come from a linear congruential generator, so the
file only holds the cases and the currents.
"""

import json
import logging
import sys

import numpy

logging.disable(logging.CRITICAL)
import badcrossbar  # noqa: E402

# Ohms of each level, high resistance first.
LEVELS = [1e7, 10000.0, 5000.0, 3333.0]
# Volts of the largest input digit.
READ_VOLTS = 0.5
# Rows, columns, ohms of a word-line and a bit-line segment.
CASES = [
    (4, 3, 2.82, 2.82),
    (16, 24, 50.0, 10.0),
    (32, 32, 2.82, 2.82),
    (32, 32, 0.0, 2.82),
    (32, 32, 2.82, 0.0),
    (64, 64, 2.82, 2.82),
    (64, 64, 1.0, 20.0),
    (64, 64, 0.05, 0.05),
]


class Digits:
    """Digits from 0 to 3."""

    def __init__(self, seed):
        self.state = seed

    def take(self, count):
        digits = []
        for _ in range(count):
            self.state = (1103515245 * self.state + 12345) % 2**31
            digits.append(self.state >> 16 & 3)
        return digits


def record(seed, rows, columns, word_line, bit_line):
    digits = Digits(seed)
    cells = numpy.array([LEVELS[digit] for digit in digits.take(rows * columns)])
    voltages = numpy.array([READ_VOLTS * digit / 3 for digit in digits.take(rows)])
    solution = badcrossbar.compute(
        voltages.reshape(rows, 1),
        cells.reshape(rows, columns),
        r_i_word_line=word_line,
        r_i_bit_line=bit_line,
        node_voltages=False,
        all_currents=False,
    )
    return {
        "seed": seed,
        "rows": rows,
        "columns": columns,
        "word_line_ohm": word_line,
        "bit_line_ohm": bit_line,
        "currents_A": [float(current) for current in solution.currents.output[0]],
    }


def main():
    cases = [record(seed, *case) for seed, case in enumerate(CASES, start=1)]
    json.dump({"levels_ohm": LEVELS, "read_V": READ_VOLTS, "cases": cases}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
