# The step of train-step.mjs in PyTorch: same shapes, fused AdamW, scaled_dot_product_attention. Prints one JSON line.
#   CFG=layers,width,heads,hidden,vocabulary,length,batch  STEPS=8  python3 tools/bench/train-step/train-step.py
# Set OMP_WAIT_POLICY=PASSIVE KMP_BLOCKTIME=0 where CPU time is compared: waiting threads spin otherwise.
import json, os, resource, time
import torch
import torch.nn as nn
import torch.nn.functional as F

L, D, H, FF, V, T, B = [int(x) for x in os.environ.get("CFG", "4,128,4,384,2048,128,16").split(",")]
steps = int(os.environ.get("STEPS", "8"))
hd = D // H
torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.Parameter(torch.ones(D)), nn.Parameter(torch.ones(D))
        self.qkv, self.out = nn.Linear(D, 3 * D, bias=False), nn.Linear(D, D, bias=False)
        self.gate, self.up, self.down = nn.Linear(D, FF, bias=False), nn.Linear(D, FF, bias=False), nn.Linear(FF, D, bias=False)

    def forward(self, x, cos, sin):
        q, k, v = self.qkv(F.rms_norm(x, (D,), self.n1, 1e-5)).view(B, T, 3, H, hd).permute(2, 0, 3, 1, 4)
        half = hd // 2

        def rope(a):
            left, right = a[..., :half], a[..., half:]
            return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)

        mixed = F.scaled_dot_product_attention(rope(q), rope(k), v, is_causal=True).transpose(1, 2).reshape(B, T, D)
        x = x + self.out(mixed)
        h = F.rms_norm(x, (D,), self.n2, 1e-5)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, D)
        self.blocks = nn.ModuleList([Block() for _ in range(L)])
        self.last = nn.Parameter(torch.ones(D))
        angles = torch.outer(torch.arange(T).float(), 1.0 / (10000 ** (torch.arange(0, hd, 2) / hd)))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, inputs, targets):
        x = self.embedding(inputs)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = F.rms_norm(x, (D,), self.last, 1e-5) @ self.embedding.weight.t()
        return F.cross_entropy(logits.view(-1, V), targets.view(-1))


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
inputs, targets = torch.randint(0, V, (B, T)), torch.randint(0, V, (B, T))


def once():
    loss = model(inputs, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


first_loss = once()
for _ in range(2):
    once()
times, before = [], resource.getrusage(resource.RUSAGE_SELF)
for _ in range(steps):
    start = time.perf_counter()
    last_loss = once()
    times.append((time.perf_counter() - start) * 1000)
after = resource.getrusage(resource.RUSAGE_SELF)
times.sort()
median = times[steps // 2]
system = after.ru_stime - before.ru_stime
print(json.dumps({
    "engine": f"torch {torch.__version__}, {torch.get_num_threads()} threads", "medianMs": round(median), "minMs": round(times[0]),
    "cpuMs": round((after.ru_utime - before.ru_utime + system) / steps * 1000), "systemMs": round(system / steps * 1000),
    "tokensPerSecond": round(B * T / median * 1000), "firstLoss": first_loss, "lastLoss": last_loss,
    "residentMb": round(after.ru_maxrss / 1024), "parameters": sum(p.numel() for p in model.parameters()),
}))
