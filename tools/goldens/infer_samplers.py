"""Golden vectors for the samplers of @llm/infer, made by transformers' own logits processors and warpers.

    python3 tools/goldens/infer_samplers.py      (python3 with the packages of tools/goldens/requirements.txt)

Each case has logits, the tokens seen so far, options, and what transformers leaves: the ids that may be drawn and their
probabilities after the temperature. Cases run the processors in the order repetition penalty, top-k, top-p, min-p,
temperature, which is the order of @llm/infer (transformers itself would divide by the temperature before the filters).
"""

import json
import os

import numpy as np
import torch
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packages/infer/test/goldens/samplers.json")


def case(rng, vocab, scale, seen, options):
    # Multiples of 2^-16 are exact in float32, and short in JSON as whole numbers. A tie at a cut is decided differently by
    # design (here the lowest id stays, there all of them), so there are none.
    units = np.round(rng.normal(0, scale, vocab) * 128).astype(int) * 512 + rng.permutation(vocab)
    scores = torch.tensor(units / 65536, dtype=torch.float32)[None]
    ids = torch.tensor([seen], dtype=torch.long)
    steps = []
    if options.get("repetitionPenalty", 1) != 1:
        steps.append(RepetitionPenaltyLogitsProcessor(options["repetitionPenalty"]))
    if options.get("topK", 0) > 0:
        steps.append(TopKLogitsWarper(options["topK"]))
    if options.get("topP", 1) < 1:
        steps.append(TopPLogitsWarper(options["topP"]))
    if options.get("minP", 0) > 0:
        steps.append(MinPLogitsWarper(options["minP"]))
    if options.get("temperature", 1) != 1:
        steps.append(TemperatureLogitsWarper(options["temperature"]))
    out = scores
    for step in steps:
        out = step(ids, out)
    probabilities = torch.softmax(out[0].double(), -1)
    kept = torch.nonzero(torch.isfinite(out[0]))[:, 0].tolist()
    return {
        "logits65536": units.tolist(),
        "seen": seen,
        "options": options,
        "kept": kept,
        "probabilities": [float(f"{probabilities[i]:.7g}") for i in kept],
    }


def main():
    rng = np.random.default_rng(20240601)
    torch.manual_seed(0)
    choices = [
        {},
        {"temperature": 0.5},
        {"temperature": 1.7},
        {"topK": 1},
        {"topK": 10},
        {"topK": 1000},
        {"topP": 0.1},
        {"topP": 0.5},
        {"topP": 0.9},
        {"topP": 0.999},
        {"minP": 0.02},
        {"minP": 0.5},
        {"minP": 1.0},
        {"repetitionPenalty": 1.3},
        {"repetitionPenalty": 0.8},
        {"topK": 20, "topP": 0.8},
        {"topK": 50, "minP": 0.1},
        {"topP": 0.95, "minP": 0.05},
        {"topK": 40, "topP": 0.95, "minP": 0.05, "temperature": 0.8},
        {"topK": 40, "topP": 0.95, "minP": 0.05, "temperature": 0.8, "repetitionPenalty": 1.1},
        {"topP": 0.9, "temperature": 0.5, "repetitionPenalty": 1.2},
    ]
    cases = []
    for options in choices:
        for vocab, scale in ((17, 2.0), (260, 1.0 if len(cases) % 4 else 5.0)):
            seen = rng.integers(0, vocab, rng.integers(1, 30)).tolist()
            cases.append(case(rng, vocab, scale, seen, options))
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    with open(OUT, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases) + "\n]\n")
    print(f"{len(cases)} cases, {os.path.getsize(OUT)} bytes")


if __name__ == "__main__":
    main()
