# The peer of ours.mjs: transformers' generate() on PyTorch, greedy, float32. Prints one JSON line.
import json, sys, time
import torch
import transformers
from transformers import AutoModelForCausalLM
from transformers.generation.streamers import BaseStreamer

folder, prompt, tokens, threads = sys.argv[1], *map(int, sys.argv[2:5])
torch.set_num_threads(threads)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
ids = torch.tensor([[0 if i == 0 else 8 + (i * 7919) % 3000 for i in range(prompt)]])


class Clock(BaseStreamer):
    """When each token came; the first call is the prompt itself."""

    def __init__(self):
        self.times = []

    def put(self, value):
        self.times.append(time.perf_counter())

    def end(self):
        pass


def run():
    clock = Clock()
    start = time.perf_counter()
    with torch.inference_mode():
        out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=tokens, min_new_tokens=tokens, eos_token_id=None, pad_token_id=1, streamer=clock)
    first, last = clock.times[1], clock.times[-1]
    return (tokens - 1) / (last - first), (first - start) * 1000, out[0, prompt:].tolist()


results = [run() for _ in range(3)]
print(json.dumps({
    "what": f"transformers {transformers.__version__}, torch {torch.__version__}, {threads} threads",
    "tokensPerSecond": max(speed for speed, _, _ in results[1:]), "firstMs": min(first for _, first, _ in results[1:]),
    "coldMs": results[0][1], "ids": results[0][2],
}))
