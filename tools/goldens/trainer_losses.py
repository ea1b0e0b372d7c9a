"""Makes packages/trainer/test/goldens/losses.json: losses and gradient norms of 50 steps of transformers' LlamaForCausalLM
with torch.optim.AdamW and clip_grad_norm_, float32 on the CPU, another batch each step.

    python3 tools/goldens/trainer_losses.py        (python3 with the packages of tools/goldens/requirements.txt)

Weights and tokens are not stored: packages/trainer/src/step-goldens.test.ts makes them by the same formula.
"""

import json
import pathlib

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from numbers_by_formula import bits, uniform

STEPS, LR, WEIGHT_DECAY, MAX_NORM = 50, 5e-3, 0.1, 1.0
BATCH, LENGTH, VOCABULARY = 4, 24, 48
torch.set_num_threads(1)


def weight(index, shape):
    return 1 + 0.5 * uniform(index, shape) if len(shape) == 1 else 0.25 * uniform(index, shape)


def batch(step):
    """Rows that count up by the row's own stride with noise: there is something to learn. One row in four counts half."""
    noise = bits(1000 + step, BATCH * (LENGTH + 1)).reshape(BATCH, LENGTH + 1)
    start = bits(500 + step, BATCH)
    place = np.arange(LENGTH + 1)
    rows = (start[:, None] % VOCABULARY + place[None, :] * (1 + np.arange(BATCH)[:, None] % 3)) % VOCABULARY
    rows = np.where(noise % 8 == 0, noise % VOCABULARY, rows).astype(np.int64)
    mask = np.ones((BATCH, LENGTH), np.float32)
    mask[step % BATCH, LENGTH // 2 :] = 0
    return torch.tensor(rows), torch.tensor(mask)


config = LlamaConfig(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                     head_dim=8, max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=True, bos_token_id=0, eos_token_id=2, pad_token_id=1,
                     rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, attn_implementation="eager")
model = LlamaForCausalLM(config).to(torch.float32)
model.model.embed_tokens.padding_idx = None  # a token like any other
parameters = dict(model.named_parameters())
for index, tensor in enumerate(parameters.values()):
    tensor.data = weight(index, tensor.shape)
matrices = [p for p in parameters.values() if p.dim() > 1]
optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": [p for p in parameters.values() if p.dim() < 2], "weight_decay": 0.0}],
                              lr=LR, betas=(0.9, 0.95), eps=1e-8)
losses, norms = [], []
for step in range(STEPS):
    tokens, mask = batch(step)
    logits = model(tokens[:, :-1], use_cache=False).logits
    each = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), tokens[:, 1:].reshape(-1), reduction="none")
    loss = (each * mask.reshape(-1)).sum() / mask.sum()
    optimizer.zero_grad()
    loss.backward()
    norms.append(torch.nn.utils.clip_grad_norm_(list(parameters.values()), MAX_NORM).item())
    optimizer.step()
    losses.append(loss.item())

golden = dict(lr=LR, weightDecay=WEIGHT_DECAY, maxNorm=MAX_NORM, batch=BATCH, length=LENGTH, vocabulary=VOCABULARY, order=list(parameters), losses=losses, norms=norms)
path = pathlib.Path(__file__).resolve().parents[2] / "packages/trainer/test/goldens/losses.json"
path.write_text(json.dumps(golden, indent=1) + "\n")
print(f"losses {losses[0]:.4f} to {losses[-1]:.4f}")
