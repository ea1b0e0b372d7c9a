"""One run of datatrove's side; called by bench.mjs. The word tokenizer is loaded before the clock starts."""
import hashlib
import json
import resource
import sys
import tempfile
import time

from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.formatters.pii import PIIFormatter
from datatrove.utils.logging import logger
from datatrove.utils.text import split_into_words

logger.remove()
warm = int(sys.argv[2])
texts = json.load(open(sys.argv[1]))
others, texts = texts[:warm], texts[warm:]
split_into_words("Load the tokenizer.")
figures = {}


def timed(name, work):
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    figures[name] = [seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime]
    return result


# examples/fineweb.py, from GopherRepetition on.
FILTERS = [("gopher-repetition", GopherRepetitionFilter()), ("gopher-quality", GopherQualityFilter()), ("c4", C4QualityFilter(filter_no_terminal_punct=False)), ("fineweb", FineWebQualityFilter())]
pii = PIIFormatter()


def judge(text):
    document = Document(text=text, id="0", metadata={})
    for name, each in FILTERS:
        if each.filter(document) is not True:
            return name
    return hashlib.sha256(pii.format(document.text).encode()).hexdigest()[:16]


def deduplicate(texts):
    with tempfile.TemporaryDirectory() as folder:
        documents = (Document(text=text, id=str(i), metadata={}) for i, text in enumerate(texts))
        MinhashDedupSignature(f"{folder}/signatures").run(documents)
        for rank in range(14):
            MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets").run(rank=rank, world_size=14)
        MinhashDedupCluster(f"{folder}/buckets", f"{folder}/remove").run()


for text in others:
    judge(text)
pii = PIIFormatter()
verdicts = timed("filters", lambda: [judge(text) for text in texts])
if others:
    deduplicate(others)
timed("minhash", lambda: deduplicate(texts))
print(json.dumps({"figures": figures, "verdicts": verdicts}))
