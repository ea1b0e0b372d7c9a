"""One side of loader.mjs: prints million tokens a second of what PyTorch users have."""

import json
import os
import random
import sys
import time

import numpy
import torch

folder, options = sys.argv[1], json.loads(sys.argv[2])
B, T, batches = options["batchSize"], options["sequenceLength"], options["batches"]
path = os.path.join(folder, "bin/train.bin")
tokens = numpy.memmap(path, dtype=numpy.uint16, mode="r")
lengths = numpy.fromfile(os.path.join(folder, "bin/lengths.u32"), dtype=numpy.uint32).astype(numpy.int64)
int(tokens.sum(dtype=numpy.int64))  # reads the file once
results = {}


def speed(name, iterator, count):
    """Million tokens a second, and a second of this process's CPU time, over `count` batches of B * (T + 1), after a few to begin with."""
    for _ in range(5):
        next(iterator)
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        next(iterator)
    million = count * B * (T + 1) / 1e6
    # Worker processes have a CPU time of their own.
    results[name] = [million / (time.perf_counter() - start), None if "2 workers" in name else million / (time.process_time() - cpu)]


def random_rows():
    """nanoGPT's get_batch: rows at random places, whatever document they cut."""
    while True:
        places = torch.randint(len(tokens) - T - 1, (B,))
        yield torch.stack([torch.from_numpy(tokens[place : place + T + 1].astype(numpy.int64)) for place in places])


class Rows(torch.utils.data.Dataset):
    """Rows of T + 1 one after the other, for a shuffling DataLoader."""

    def __len__(self):
        return len(tokens) // (T + 1)

    def __getitem__(self, index):
        return torch.from_numpy(tokens[index * (T + 1) : (index + 1) * (T + 1)].astype(numpy.int64))


class Packed(torch.utils.data.IterableDataset):
    """Best-fit packing with masks as @llm/dataset does it: windows of 2,048 shuffled documents, longest first."""

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        seed, step, window = (worker.id, worker.num_workers, worker.id) if worker else (0, 1, 0)
        starts = numpy.concatenate([[0], numpy.cumsum(lengths)])
        order = numpy.random.default_rng(0).permutation(len(lengths))
        shuffle = random.Random(seed)
        windows = -(-len(order) // 2048)
        while True:
            chosen = order[window % windows * 2048 : (window % windows + 1) * 2048]
            pieces = []
            for document in chosen:
                length = int(lengths[document])
                for start in range(0, length - 1, T):
                    pieces.append((min(T + 1, length - start), int(starts[document]) + start))
            pieces.sort(reverse=True)
            rows, room = [], [[] for _ in range(T + 2)]
            for length, start in pieces:
                space = next((size for size in range(length, T + 2) if room[size]), None)
                row = rows.append([]) or len(rows) - 1 if space is None else room[space].pop()
                rows[row].append((start, length))
                left = (T + 1 if space is None else space) - length
                if left >= 2:
                    room[left].append(row)
            shuffle.shuffle(rows)
            for row in rows:
                ids, mask, at = numpy.ones(T + 1, dtype=numpy.int64), numpy.zeros(T + 1, dtype=numpy.uint8), 0
                for start, length in row:
                    ids[at : at + length] = tokens[start : start + length]
                    mask[at + 1 : at + length] = 1
                    at += length
                yield torch.from_numpy(ids), torch.from_numpy(mask)
            window += step


def loader(dataset, workers, **more):
    return iter(torch.utils.data.DataLoader(dataset, batch_size=B, num_workers=workers, **more))


speed("numpy memmap, random rows (nanoGPT)", random_rows(), batches)
speed("DataLoader, shuffled rows, 0 workers", loader(Rows(), 0, shuffle=True), min(batches, len(Rows()) // B - 10))
speed("DataLoader, shuffled rows, 2 workers", loader(Rows(), 2, shuffle=True), min(batches, len(Rows()) // B - 10))
speed("DataLoader, packed in Python, 0 workers", loader(Packed(), 0), batches // 4)
speed("DataLoader, packed in Python, 2 workers", loader(Packed(), 2), batches // 4)

try:
    import litdata
    from litdata.streaming.item_loader import TokensLoader
    from litdata.streaming.writer import BinaryWriter
except ImportError:
    litdata = None
if litdata:
    target = os.path.join(folder, "litdata")
    if not os.path.exists(os.path.join(target, "index.json")):
        # litdata's own writer, without the processes of `optimize`.
        os.makedirs(target, exist_ok=True)
        writer = BinaryWriter(target, chunk_size=(T + 1) * 2048, item_loader=TokensLoader())
        for index in range(len(tokens) // (T + 1)):
            writer[index] = torch.from_numpy(tokens[index * (T + 1) : (index + 1) * (T + 1)].astype(numpy.int32))
        writer.done()
        writer.merge()
    dataset = litdata.StreamingDataset(target, item_loader=TokensLoader(block_size=T + 1), shuffle=True)
    count = min(batches, len(dataset) // B - 10)
    speed("litdata, shuffled rows, 0 workers", iter(litdata.StreamingDataLoader(dataset, batch_size=B, num_workers=0)), count)
    speed("litdata, shuffled rows, 2 workers", iter(litdata.StreamingDataLoader(dataset, batch_size=B, num_workers=2)), count)
print(json.dumps(results))
