"""A tiny Llama folder as transformers writes it, with what transformers' own greedy search generates from it.

    python3 tools/goldens/infer_transformers.py      (python3 with the packages of tools/goldens/requirements.txt)

Writes packages/infer/test/goldens/hf-llama/: config.json, generation_config.json, model.safetensors, tokenizer.json,
tokenizer_config.json … and expected.json. The folder differs from ours where a Hugging Face folder may: other special tokens,
a post-processor that adds the start token, several end tokens, untied embeddings, a head width of its own, a vocabulary that
is rounded up.
"""

import json
import os
import shutil

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packages/infer/test/goldens/hf-llama")
TEXTS = ["The fox and the dog walk to the river. ", "Who is there? It is only the wind, said the old dog. ", "Ünïcödé 🦊 – 日本語 "]


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=290, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A $B", special_tokens=[("<|begin_of_text|>", 0)])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=special[0], eos_token=special[1])

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=296, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
        max_position_embeddings=512, rope_theta=5000.0, tie_word_embeddings=False, bos_token_id=0, eos_token_id=1, pad_token_id=None, initializer_range=0.5,
    )
    model = LlamaForCausalLM(config).float().eval()
    with torch.no_grad():
        model.lm_head.weight[tokenizer.get_vocab_size():] = -1e-3  # rows that stand for no token are never the likeliest
    model.generation_config = GenerationConfig(bos_token_id=0, eos_token_id=[1, 2], do_sample=False)
    model.save_pretrained(OUT)
    fast.save_pretrained(OUT)
    os.chmod(os.path.join(OUT, "model.safetensors"), 0o644)

    model = AutoModelForCausalLM.from_pretrained(OUT, dtype=torch.float32)
    fast = AutoTokenizer.from_pretrained(OUT)
    cases = []
    for prompt, count, penalty in (("The fox", 64, 1.0), ("Who is there? 日本", 150, 1.0), ("The fox", 40, 1.3), ("", 20, 1.0)):
        ids = fast(prompt, return_tensors="pt").input_ids
        options = {} if penalty == 1.0 else {"repetition_penalty": penalty}
        out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=count, do_sample=False, pad_token_id=1, **options)[0].tolist()
        cases.append({"prompt": prompt, "promptIds": ids[0].tolist(), "maxTokens": count, "repetitionPenalty": penalty, "ids": out[ids.shape[1]:]})
        print(prompt, len(cases[-1]["ids"]), len(set(cases[-1]["ids"])))
    with open(os.path.join(OUT, "expected.json"), "w") as file:
        json.dump(cases, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
