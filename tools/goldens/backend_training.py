"""Losses of 50 training steps in PyTorch, in float32 and under autocast to bfloat16, for
packages/backend/src/tensorflow/training.test.ts: the same one-layer decoder, weights, batches and AdamW with global-norm clipping, written
out. Needs torch.

python3 tools/goldens/backend_training.py
"""
import json
import math
import pathlib

import torch

BATCH, LENGTH, WIDTH, HIDDEN, VOCABULARY = 2, 8, 16, 24, 20
SHAPES = {"embedding": (VOCABULARY, WIDTH), "qkv": (WIDTH, 3 * WIDTH), "out": (WIDTH, WIDTH), "gate": (WIDTH, 2 * HIDDEN), "down": (HIDDEN, WIDTH)}
MASK = 0xFFFFFFFF


def uniform(seed, count):
    """mulberry32, as in packages/backend/test/support/tensorflow.ts, rounded to float32."""
    state, numbers = seed, []
    for _ in range(count):
        state = (state + 0x6D2B79F5) & MASK
        t = ((state ^ (state >> 15)) * (1 | state)) & MASK
        t = ((t + (((t ^ (t >> 7)) * (61 | t)) & MASK)) & MASK) ^ t
        numbers.append((t ^ (t >> 14)) / 2**31 - 1)
    return torch.tensor(numbers, dtype=torch.float32)


def norm(x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5)


def loss_of(w, ids):
    inputs, targets = ids[:, :-1], ids[:, 1:]
    x = w["embedding"][inputs]
    q, k, v = (norm(x) @ w["qkv"]).split(WIDTH, -1)
    scores = q @ k.transpose(1, 2) * WIDTH**-0.5
    scores = scores.masked_fill(torch.ones(LENGTH, LENGTH).triu(1).bool(), -1e9)
    x = x + scores.softmax(-1) @ v @ w["out"]
    gate, up = (norm(x) @ w["gate"]).split(HIDDEN, -1)
    x = x + (torch.nn.functional.silu(gate) * up) @ w["down"]
    return torch.nn.functional.cross_entropy((norm(x) @ w["embedding"].T).reshape(-1, VOCABULARY), targets.reshape(-1))


def train(bfloat16):
    weights = {name: (uniform(i + 1, math.prod(shape)).reshape(shape) * 0.3).requires_grad_() for i, (name, shape) in enumerate(SHAPES.items())}
    first = {name: torch.zeros_like(w) for name, w in weights.items()}
    second = {name: torch.zeros_like(w) for name, w in weights.items()}
    losses = []
    for t in range(1, 51):
        ids = torch.floor((uniform(1000 + t % 4, BATCH * (LENGTH + 1)) + 1) / 2 * VOCABULARY).long().reshape(BATCH, LENGTH + 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = loss_of(weights, ids)
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, list(weights.values()))
        clip = min(1.0, 1.0 / math.sqrt(sum(g.square().sum().item() for g in gradients)))
        rate = 0.01 * (1 - t / 100)
        with torch.no_grad():
            for (name, w), g in zip(weights.items(), gradients):
                first[name] = 0.9 * first[name] + 0.1 * clip * g
                second[name] = 0.95 * second[name] + 0.05 * (clip * g).square()
                m, s = first[name] / (1 - 0.9**t), second[name] / (1 - 0.95**t)
                w -= rate * (m / (s.sqrt() + 1e-8) + 0.1 * w)
    return losses


path = pathlib.Path(__file__).parents[2] / "packages/backend/test/goldens/training.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({"torch": torch.__version__.split("+")[0], "losses": train(False), "bfloat16": train(True)}) + "\n")
