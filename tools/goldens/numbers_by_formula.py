"""Pseudo-random numbers by a formula that any language can repeat: the same in packages/*/test, so that goldens need no weights."""

import numpy as np
import torch


def bits(seed, count):
    """`count` pseudo-random 32-bit integers: a multiplicative hash of (seed, index)."""
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed * 40503 % 2**32)
        for _ in range(2):
            x ^= x >> np.uint32(16)
            x *= np.uint32(0x45D9F3B)
        x ^= x >> np.uint32(16)
    return x


def uniform(seed, shape):
    """Numbers in [-0.5, 0.5) as float32."""
    return torch.tensor((bits(seed, int(np.prod(shape))) / 2.0**32 - 0.5).astype(np.float32).reshape(shape))
