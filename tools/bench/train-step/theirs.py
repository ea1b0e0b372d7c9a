# The side of PyTorch: python3 theirs.py FOLDER PRECISION eager|compile THREADS. A number on a line runs so many steps; answers with their
# times and losses. The same Llama with joined q, k, v and scaled_dot_product_attention, fused AdamW, clipping at 1.
import json, os, resource, sys, time
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file

folder, precision, mode, threads = sys.argv[1:5]
torch.set_num_threads(int(threads))
setup = json.load(open(os.path.join(folder, "config.json")))
c, rows, length = setup["config"], setup["rows"], setup["length"]
D, H, FF, V, hd = c["hiddenSize"], c["heads"], c["intermediateSize"], c["vocabSize"], c["headDim"]
weights = load_file(os.path.join(folder, "model.safetensors"))


class Block(nn.Module):
    def __init__(self, i):
        super().__init__()
        w = lambda name: nn.Parameter(weights[f"model.layers.{i}.{name}.weight"].clone())
        self.n1, self.n2 = w("input_layernorm"), w("post_attention_layernorm")
        self.qkv = nn.Parameter(torch.cat([weights[f"model.layers.{i}.self_attn.{k}_proj.weight"] for k in "qkv"]))
        self.out, self.gate, self.up, self.down = w("self_attn.o_proj"), w("mlp.gate_proj"), w("mlp.up_proj"), w("mlp.down_proj")

    def forward(self, x, cos, sin):
        B, T, _ = x.shape
        q, k, v = F.linear(F.rms_norm(x, (D,), self.n1, c["normEps"]), self.qkv).view(B, T, 3, H, hd).permute(2, 0, 3, 1, 4)

        def rope(a):
            left, right = a[..., : hd // 2], a[..., hd // 2 :]
            return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)

        mixed = F.scaled_dot_product_attention(rope(q), rope(k), v, is_causal=True).transpose(1, 2).reshape(B, T, D)
        x = x + F.linear(mixed, self.out)
        h = F.rms_norm(x, (D,), self.n2, c["normEps"])
        return x + F.linear(F.silu(F.linear(h, self.gate)) * F.linear(h, self.up), self.down)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Parameter(weights["model.embed_tokens.weight"].clone())
        self.blocks = nn.ModuleList([Block(i) for i in range(c["layers"])])
        self.last = nn.Parameter(weights["model.norm.weight"].clone())
        angles = torch.outer(torch.arange(length).float(), 1.0 / (c["ropeTheta"] ** (torch.arange(0, hd, 2) / hd)))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, inputs, targets):
        x = F.embedding(inputs, self.embedding)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = F.linear(F.rms_norm(x, (D,), self.last, c["normEps"]), self.embedding)
        return F.cross_entropy(logits.view(-1, V).float(), targets.reshape(-1))


model = Model()
forward = torch.compile(model) if mode == "compile" else model
decayed = [p for p in model.parameters() if p.dim() > 1]
plain = [p for p in model.parameters() if p.dim() == 1]
optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}], lr=1e-3, betas=(0.9, 0.95), fused=True)
batches = torch.from_numpy(np.fromfile(os.path.join(folder, "batches.bin"), dtype=np.uint32).astype(np.int64)).view(-1, rows, length + 1)


def once(batch):
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16"):
        loss = forward(batch[:, :-1], batch[:, 1:])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


def say(answer):
    print(json.dumps(answer), flush=True)


say({"engine": f"torch {torch.__version__} {mode} {precision}, {torch.get_num_threads()} threads"})
done = 0
for line in sys.stdin:
    ms, losses, before = [], [], resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(int(line)):
        start = time.perf_counter()
        losses.append(once(batches[done % len(batches)]))
        ms.append((time.perf_counter() - start) * 1000)
        done += 1
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say({"ms": ms, "losses": losses, "cpuMs": cpu / int(line) * 1000, "peakMb": after.ru_maxrss / 1024})
