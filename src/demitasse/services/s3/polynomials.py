"""The CRCs that Python has no fast code for: CRC-32C and CRC-64/NVME.

A CRC is the remainder of a division of polynomials over GF(2), and those are Python's big
integers: what stands above a power of x is folded onto what stands below it, half of the message
at a time, with shifts and XORs of whole integers. That is several times faster than byte by byte.
"""

from __future__ import annotations

import functools
from typing import Final


class Crc:
    """A reflected CRC with all bits set at the start and inverted at the end."""

    def __init__(self, width: int, polynomial: int) -> None:
        """``polynomial`` is the normal form, without the highest term."""
        self.width = width
        self._divisor = (1 << width) | polynomial
        self._ones = (1 << width) - 1

    def update(self, crc: int, data: bytes) -> int:
        """The CRC of what had ``crc`` (0 for nothing), followed by ``data``."""
        if not data:
            return crc
        # Reflected: the first byte's lowest bit is the highest term.
        message = int.from_bytes(data.translate(_REFLECTED), "big") << self.width
        state = self._reflect(crc ^ self._ones)
        rest = self._rest(message ^ (state << (8 * len(data))))
        return self._reflect(rest) ^ self._ones

    def combine(self, first: int, second: int, length: int) -> int:
        """The CRC of two messages in a row, from theirs and the second one's length in bytes."""
        moved = self._times(self._reflect(first), self._power(8 * length))
        return self._reflect(moved) ^ second

    def _rest(self, value: int) -> int:
        """``value`` modulo the divisor."""
        while (bits := value.bit_length()) > 4 * self.width:
            half = (bits + self.width) // 2
            high, low = value >> half, value & ((1 << half) - 1)
            factor = self._power(half)
            value = low
            while factor:
                lowest = factor & -factor
                value ^= high << (lowest.bit_length() - 1)
                factor ^= lowest
        return self._divide(value)

    def _divide(self, value: int) -> int:
        while (excess := value.bit_length() - self.width - 1) >= 0:
            value ^= self._divisor << excess
        return value

    def _times(self, one: int, other: int) -> int:
        product = 0
        while other:
            lowest = other & -other
            product ^= one << (lowest.bit_length() - 1)
            other ^= lowest
        return self._divide(product)

    @functools.lru_cache(maxsize=256)  # noqa: B019 - there are two of these objects, for ever
    def _power(self, exponent: int) -> int:
        """A power of x, modulo the divisor."""
        if exponent < self.width:
            return 1 << exponent
        root = self._power(exponent // 2)
        square = self._times(root, root)
        return self._divide(square << 1) if exponent % 2 else square

    def _reflect(self, value: int) -> int:
        data = value.to_bytes(self.width // 8, "little").translate(_REFLECTED)
        return int.from_bytes(data, "big")


_REFLECTED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

CRC32C: Final = Crc(32, 0x1EDC6F41)
CRC64NVME: Final = Crc(64, 0xAD93D23594C93659)
CRC32: Final = Crc(32, 0x04C11DB7)
"""For combining; of bytes, zlib makes it faster."""
