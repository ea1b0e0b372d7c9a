"""Makes packages/trainer/test/goldens/optimizers.json: 20 steps of torch.optim.AdamW, of torch.optim.Muon (for the
hidden matrices, AdamW for the rest) and of clip_grad_norm_ on fixed gradients, all in float64.

    python3 tools/goldens/trainer_optimizers.py        (python3 with the packages of tools/goldens/requirements.txt)
"""

import json
import pathlib

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
# torch.optim.Muon orthogonalizes in bfloat16, far too coarse to compare with: its own code, run in float64.
torch.bfloat16 = torch.float64

SHAPES = {
    "model.embed_tokens.weight": (7, 4),
    "model.layers.0.mlp.up_proj.weight": (6, 4),
    "model.layers.1.mlp.up_proj.weight": (6, 4),
    "model.layers.0.mlp.down_proj.weight": (4, 6),
    "model.norm.weight": (5,),
}
STEPS, LR, WEIGHT_DECAY, MAX_NORM = 20, 3e-2, 0.1, 1.0
rng = np.random.default_rng(7)


def draw(scale):
    return {name: np.float32(np.round(rng.normal(0, scale, shape), 4)).astype(np.float64) for name, shape in SHAPES.items()}


start = draw(0.5)
# Some steps fall below the clipping bound, some above.
gradients = [draw(0.02 if step % 3 == 0 else 0.4) for step in range(STEPS)]
rates = [LR * min(1, (step + 1) / 4) for step in range(STEPS)]
flat = lambda tensors: {name: np.asarray(value).reshape(-1).tolist() for name, value in tensors.items()}


def run(optimizers_of):
    parameters = {name: torch.nn.Parameter(torch.tensor(value)) for name, value in start.items()}
    optimizers = optimizers_of(parameters)
    norms = []
    for step in range(STEPS):
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(gradients[step][name])
        norms.append(torch.nn.utils.clip_grad_norm_(list(parameters.values()), MAX_NORM).item())
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rates[step]
            optimizer.step()
    return {"final": flat({name: parameter.detach().numpy() for name, parameter in parameters.items()}), "norms": norms}


def adamw(parameters, weight_decay=WEIGHT_DECAY):
    groups = [
        {"params": [p for p in parameters.values() if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters.values() if p.dim() < 2], "weight_decay": 0.0},
    ]
    return [torch.optim.AdamW([group for group in groups if group["params"]], lr=LR, betas=(0.9, 0.95), eps=1e-8)]


def muon(parameters):
    hidden = {name: p for name, p in parameters.items() if "layers" in name}
    rest = {name: p for name, p in parameters.items() if "layers" not in name}
    return [torch.optim.Muon(list(hidden.values()), lr=LR, weight_decay=WEIGHT_DECAY, momentum=0.95, adjust_lr_fn="match_rms_adamw"), *adamw(rest, weight_decay=0.0)]


golden = {
    "shapes": SHAPES, "weightDecay": WEIGHT_DECAY, "maxNorm": MAX_NORM, "rates": rates,
    "start": flat(start), "gradients": [flat(step) for step in gradients],
    "adamw": run(adamw), "muon": run(muon),
}
path = pathlib.Path(__file__).parents[2] / "packages/trainer/test/goldens/optimizers.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(golden) + "\n")
print(path.name, path.stat().st_size, "bytes")
