"""The peer of books.mjs: the same Llama shape, documents and minutes in PyTorch with fused AdamW.

python3 peer.py FILE.parquet MINUTES VOCABULARY [LAYERS,WIDTH,HEADS,FFN,CONTEXT,BATCH] (packages: ../../goldens/requirements.txt)
"""
import hashlib
import math
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import LlamaConfig, LlamaForCausalLM

FILE, MINUTES, VOCABULARY = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
LAYERS, WIDTH, HEADS, FFN, CONTEXT, BATCH = map(int, (sys.argv[4] if len(sys.argv) > 4 else "4,256,4,704,256,8").split(","))
RATE = 2e-3

rows = pq.read_table(FILE, columns=["text", "id"]).to_pylist()
held = lambda row: int(hashlib.md5(row["id"].encode()).hexdigest(), 16) % 50 == 0
train, val = [r["text"] for r in rows if not held(r)], [r["text"] for r in rows if held(r)]
tokenizer = ByteLevelBPETokenizer()
tokenizer.train_from_iterator(train, vocab_size=VOCABULARY, min_frequency=2, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False)
encode = lambda texts: torch.tensor(np.concatenate([np.array([0, *tokenizer.encode(t).ids, 2], np.int64) for t in texts]))
a, b = encode(train), encode(val)

torch.manual_seed(0)
model = LlamaForCausalLM(LlamaConfig(vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=FFN, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=HEADS, max_position_embeddings=1024, tie_word_embeddings=True, attn_implementation="sdpa"))
decay = [p for p in model.parameters() if p.dim() > 1]
plain = [p for p in model.parameters() if p.dim() < 2]
optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0}], lr=RATE, betas=(0.9, 0.95), fused=True)


def loss_of(rows):
    logits = model(rows[:, :-1]).logits
    return torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), rows[:, 1:].reshape(-1))


random, start, steps = np.random.default_rng(0), time.time(), 0
while (done := (time.time() - start) / (60 * MINUTES)) < 1:
    for group in optimizer.param_groups:
        group["lr"] = RATE * min(1, (steps + 1) / 50) * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))
    loss = loss_of(torch.stack([a[i : i + CONTEXT + 1] for i in random.integers(0, len(a) - CONTEXT - 1, BATCH)]))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    steps += 1

total = count = 0
with torch.no_grad():
    for i in range(0, len(b) - CONTEXT - 1, CONTEXT):
        total += loss_of(b[None, i : i + CONTEXT + 1]).item() * CONTEXT
        count += CONTEXT
size = sum(len(t.encode()) for t in val)
print(f"PyTorch {torch.__version__}: {total / count / math.log(2) * len(b) / size:.4f} bits per byte after {MINUTES:g} minutes, {steps} steps, {steps * BATCH * CONTEXT / 1e6:.2f}M tokens")
