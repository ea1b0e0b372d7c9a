"""One training by PyPI tokenizers; called by train.mjs."""

import hashlib
import json
import os
import resource
import sys
import time

path, vocab_size, threads = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.environ["RAYON_NUM_THREADS"] = threads
os.environ["TOKENIZERS_PARALLELISM"] = "true"
from tokenizers import ByteLevelBPETokenizer  # noqa: E402

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|system|>", "<|user|>", "<|assistant|>"]
started = time.perf_counter()
tokenizer = ByteLevelBPETokenizer()
tokenizer.train([path], vocab_size=vocab_size, min_frequency=2, special_tokens=SPECIAL, show_progress=False)
seconds = time.perf_counter() - started
saved = tokenizer._tokenizer.to_str(pretty=True)
print(json.dumps({"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, "digest": hashlib.sha256(saved.encode()).hexdigest()}))
