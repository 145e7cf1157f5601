"""Numbers that jitter in time made steady: still while they rest, quick while they move."""

from __future__ import annotations

import math

import numpy as np


class OneEuroFilter:
    """The 1 euro filter on n numbers at once: smoothing that gives way to movement.

    A low-pass filter whose cutoff frequency rises with the number's own speed, each number by
    itself (Casiez, Roussel, Vogel: "1 euro filter: a simple speed-based low-pass filter for noisy
    input in interactive systems", CHI 2012).

    The defaults are for slider values of 0..1 at 30 frames/s. Jitter of 0.01 becomes 0.003; a jump
    of 0.1 is half shown after 0.1 s and to nine tenths after 0.3 s, larger ones sooner; what moves
    by 0.02 per second is shown 0.24 s late, by 0.5 per second 0.08 s. (Sliders of a face that is
    held still jitter by 0.002, the worst by 0.01.)
    """

    def __init__(
        self,
        minimum_cutoff: float = 0.5,
        speed: float = 1.0,
        derivative_cutoff: float = 1.0,
    ) -> None:
        """All three are 0 or more, the cutoffs more than 0.

        minimum_cutoff: hertz, for numbers at rest; the lower, the steadier and the later.
        speed: hertz that are added to the cutoff for each unit per second; the higher, the sooner
            a change is followed.
        derivative_cutoff: hertz, for the speed itself.
        """
        for name, value, least in (
            ("minimum_cutoff", minimum_cutoff, math.ulp(0.0)),
            ("speed", speed, 0.0),
            ("derivative_cutoff", derivative_cutoff, math.ulp(0.0)),
        ):
            if not least <= value < math.inf:
                raise ValueError(
                    f"{name} is {value}; expected a finite number {'above' if least else 'from'} "
                    "0; leave it out for the default."
                )
        self._minimum_cutoff = minimum_cutoff
        self._speed = speed
        self._derivative_cutoff = derivative_cutoff
        self.reset()

    def reset(self) -> None:
        """Forget all; the next values are returned as they are."""
        self._seconds: float | None = None
        self._values = np.empty(0)
        self._derivative = np.empty(0)

    def __call__(self, values: np.ndarray, seconds: float) -> np.ndarray:
        """The smoothed values, (n,) float32.

        values: (n,) finite numbers; n stays the same until reset().
        seconds: when they were measured. Where no time has passed since the last call, the last
            answer is given again; where it runs backwards (a video that starts over), the filter
            starts over too.

        Raises ValueError for other values or seconds.
        """
        measured = np.array(values, dtype=np.float64)
        count = measured.size if self._seconds is None else self._values.size
        if measured.shape != (count,) or not np.isfinite(measured).all():
            raise ValueError(
                f"The values are {measured.shape} or not finite; expected ({count},) finite "
                "numbers as before; call reset() before others."
            )
        if not math.isfinite(seconds):
            raise ValueError(f"seconds is {seconds}; expected a finite number; pass the frame's.")
        if self._seconds is None or seconds < self._seconds:
            self._values, self._derivative = measured, np.zeros(count)
        elif seconds > self._seconds:
            step = seconds - self._seconds
            share = _share(np.array(self._derivative_cutoff), step)
            self._derivative += share * ((measured - self._values) / step - self._derivative)
            cutoff = self._minimum_cutoff + self._speed * np.abs(self._derivative)
            self._values = self._values + _share(cutoff, step) * (measured - self._values)
        self._seconds = seconds
        return self._values.astype(np.float32)


def _share(cutoff: np.ndarray, step: float) -> np.ndarray:
    """What a new value counts for, 0..1, in a low-pass filter of this cutoff (Hz) and step (s)."""
    turned = 2 * np.pi * cutoff * step
    return turned / (1 + turned)
