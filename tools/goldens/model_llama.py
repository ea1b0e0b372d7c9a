"""Golden logits, losses and gradients of transformers' LlamaForCausalLM for the tests of @llm/model.

Run with python3 and the packages of tools/goldens/requirements.txt, from the root of the repository:
    python3 tools/goldens/model_llama.py
Writes packages/model/test/goldens/*.safetensors. Weights and tokens are not stored: both sides make them by the formula
below (packages/model/test/support/formula.ts), float32, on the CPU, with eager attention.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

from numbers_by_formula import bits, uniform

OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/model/test/goldens"

COMMON = dict(vocab_size=37, hidden_size=24, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4,
              max_position_embeddings=1024, rms_norm_eps=1e-5, tie_word_embeddings=True, bos_token_id=0, eos_token_id=2, pad_token_id=1,
              hidden_act="silu", attention_bias=False, mlp_bias=False)
CASES = {
    "mha-16": dict(batch=2, length=16, config=dict(COMMON, head_dim=6)),
    "gqa-16": dict(batch=2, length=16, config=dict(COMMON, head_dim=6, num_key_value_heads=2)),
    # Heads wider than the model, one key head for all, a head of its own, another rotary base.
    "mqa-untied-16": dict(batch=1, length=16, config=dict(COMMON, num_hidden_layers=1, head_dim=10, num_key_value_heads=1, tie_word_embeddings=False), theta=500.0),
    # Narrow and one layer deep, because a plain JavaScript engine runs these too.
    "mha-1024": dict(batch=1, length=1024, config=dict(COMMON, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, head_dim=8)),
    "gqa-1024": dict(batch=1, length=1024, config=dict(COMMON, hidden_size=16, intermediate_size=24, num_hidden_layers=1, head_dim=4, num_key_value_heads=2)),
}


def weight(index, shape):
    return 1 + 0.5 * uniform(index, shape) if len(shape) == 1 else 0.75 * uniform(index, shape)


def run(name, batch, length, config, theta=10000.0):
    config = LlamaConfig(**config, rope_parameters={"rope_type": "default", "rope_theta": theta}, attn_implementation="eager")
    model = LlamaForCausalLM(config).to(torch.float32)
    # PyTorch gives the padding token's embedding no gradient; here it is a token like any other (targets are masked instead).
    model.model.embed_tokens.padding_idx = None
    parameters = dict(model.named_parameters())
    for index, (key, tensor) in enumerate(parameters.items()):
        tensor.data = weight(index, tensor.shape)
    tokens = torch.tensor((bits(1000, batch * (length + 1)) % config.vocab_size).astype(np.int64)).reshape(batch, length + 1)
    ids, targets = tokens[:, :-1], tokens[:, 1:]
    mask = torch.tensor((bits(2000, batch * length) % 4 != 0).astype(np.float32)).reshape(batch, length)
    logits = model(ids, use_cache=False).logits
    losses = torch.nn.functional.cross_entropy(logits.reshape(-1, config.vocab_size), targets.reshape(-1), reduction="none")
    loss = (losses * mask.reshape(-1)).sum()
    loss.backward()
    # The mean over all positions is what transformers itself calls the loss.
    theirs = model(tokens, labels=tokens, use_cache=False).loss
    torch.testing.assert_close(losses.mean(), theirs, rtol=1e-5, atol=0)
    kept = torch.arange(0, length, max(1, length // 64))
    tensors = {"logits": logits[:, kept].detach().contiguous(), "loss_sum": loss.detach().reshape(1), "count": mask.sum().reshape(1), "loss_mean": theirs.detach().reshape(1)}
    tensors |= {f"grad.{key}": tensor.grad.contiguous() for key, tensor in parameters.items()}
    case = dict(config=dict(config.to_dict(), transformers_version=None, _name_or_path=None), batch=batch, length=length, positions=kept.tolist(), order=list(parameters))
    save_file(tensors, OUT / f"{name}.safetensors", {"case": json.dumps(case, sort_keys=True)})
    print(name, f"loss {loss.item():.4f} of {mask.sum().item():.0f}, {sum(p.numel() for p in parameters.values())} parameters")


def dtypes():
    """A file in each dtype that @llm/model reads, by the format's own library, beside the values in float32."""
    values = torch.tensor([0.0, -0.0, 1.0, -2.5, 3.140625, 65504.0, 6.1e-5, 5.96e-8, -3.0e-6, float("inf"), float("-inf"), 0.1])
    tensors = {"f32": values, "f16": values.to(torch.float16), "bf16": values.to(torch.bfloat16), "matrix": values.reshape(3, 4).clone()}
    tensors |= {f"{key}.expected": tensors[key].to(torch.float32) for key in ("f16", "bf16")}
    save_file(tensors, OUT / "dtypes.safetensors", {"format": "pt"})


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)
    OUT.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            run(name, **case)
    dtypes()
