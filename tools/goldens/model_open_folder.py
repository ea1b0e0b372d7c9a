"""Opens model folders with transformers and prints what they compute, for the tests of @llm/model.

Run with python3 and the packages of tools/goldens/requirements.txt:
    python3 tools/goldens/model_open_folder.py '[3, 17, 8]' NEW_TOKENS FOLDER...
Prints a line of JSON for each folder: the model class, its parameter count, any loading problems, the logits of the prompt,
and the prompt continued greedily.
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging


def inspect(folder, ids, new_tokens):
    model, problems = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    with torch.no_grad():
        logits = model(ids).logits[0]
        # Continuations are wanted at full length, so the end token doesn't end them.
        tokens = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new_tokens, min_new_tokens=new_tokens, do_sample=False)[0]
    generation = model.generation_config
    return {
        "class": type(model).__name__,
        "parameters": sum(p.numel() for p in model.parameters()),
        "problems": {key: sorted(map(str, value)) for key, value in problems.items() if value},
        "tied": model.config.tie_word_embeddings,
        "special": [generation.bos_token_id, generation.eos_token_id, generation.pad_token_id],
        "logits": logits.tolist(),
        "tokens": tokens.tolist(),
    }


if __name__ == "__main__":
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    prompt, new_tokens, *folders = sys.argv[1:]
    for folder in folders:
        print(json.dumps(inspect(folder, torch.tensor([json.loads(prompt)]), int(new_tokens))))
