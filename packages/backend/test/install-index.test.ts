import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { installTensorFlow, locateLibraries, type InstallProgress } from "@llm/backend";
import { IndexServer, hasPip } from "./support/index-server.js";
import { cc, CC, framework, FRAMEWORK, libraries, wheel, wheelOf, type File } from "./support/wheel.js";

// The machine's own pip against an index that cuts connections and damages bytes.

const NAME = "tensorflow_cpu-2.21.0-py3-none-any.whl";
const old = { ...process.env };
let folder = "";
let server: IndexServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "index-"));
  server = new IndexServer();
  await server.start();
  server.add(NAME, wheel());
  Object.assign(process.env, server.environment, { LLM_CACHE: join(folder, "cache"), LLM_LIBTENSORFLOW: "" });
});
afterEach(async () => {
  process.env = { ...old };
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
const downloads = (): string => join(folder, "cache", "downloads", `2.21.0-${process.platform}-${process.arch}`);
const installed = (): string[] => (existsSync(join(folder, "cache", "libtensorflow")) ? readdirSync(join(folder, "cache", "libtensorflow")) : []);
const starts = (): number[] => server.requests.map(({ start }) => start);

describe.skipIf(!hasPip || process.platform === "win32")("installing from an index", () => {
  test("downloads once, says how far it is, and keeps the libraries only", async () => {
    const progress: InstallProgress[] = [];
    const { folder: where, files } = await installTensorFlow({ onProgress: (one) => progress.push(one) });
    expect(readFileSync(join(where, CC)).equals(cc)).toBe(true);
    expect(readFileSync(join(where, FRAMEWORK)).equals(framework)).toBe(true);
    expect(files.map(({ name }) => name)).toEqual([CC, FRAMEWORK]);
    expect(server.requests).toEqual([{ name: NAME, start: 0, sent: wheel().length, status: 200 }]);
    expect(progress.find(({ stage }) => stage === "download")).toMatchObject({ total: wheel().length, wheel: 1, wheels: 1 });
    expect(existsSync(downloads())).toBe(false);
  });

  test("goes on where the connection broke, as often as it does", async () => {
    server.faults = { cuts: 4, cutAfter: 400_000 };
    await installTensorFlow();
    expect(starts()).toEqual([0, 400_000, 800_000, 1_200_000, 1_600_000]);
    expect(server.requests.reduce((sum, { sent }) => sum + sent, 0)).toBe(wheel().length);
  });

  test("starts anew where the server knows no ranges", async () => {
    server.faults = { cuts: 1, cutAfter: 400_000, noRanges: true };
    await installTensorFlow();
    expect(starts()).toEqual([0, 0]);
  });

  test("goes on in the next run after an interruption", async () => {
    server.faults = { slow: 2_000_000 };
    const abort = new AbortController();
    const running = installTensorFlow({ signal: abort.signal, onProgress: ({ done }) => void (done > 300_000 && abort.abort()) });
    await expect(running).rejects.toThrow(/abort/i);
    const kept = statSync(join(downloads(), `${NAME}.part`)).size;
    expect(kept).toBeGreaterThan(300_000);
    expect(installed()).toEqual([]);
    server.faults = {};
    await installTensorFlow();
    expect(starts()[1]).toBeGreaterThanOrEqual(kept);
    expect(starts()).toHaveLength(2);
  });

  test("refuses a damaged wheel by its checksum and leaves nothing to trip over", async () => {
    server.faults = { corrupt: 1 };
    await expect(installTensorFlow()).rejects.toThrow(/tensorflow_cpu-2\.21\.0-py3-none-any\.whl is damaged: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}/);
    expect(readdirSync(downloads())).toEqual([]);
    expect(installed()).toEqual([]);
    await installTensorFlow();
  });

  test("does not trust what lies there from before", async () => {
    mkdirSync(downloads(), { recursive: true });
    writeFileSync(join(downloads(), `${NAME}.part`), Buffer.alloc(700_000, 7));
    await installTensorFlow();
    expect(starts()).toEqual([700_000, 0]);
    expect(installed()).toHaveLength(1);
  });

  test("gives up when nothing arrives, says so, and keeps what did", async () => {
    server.faults = { cuts: 1, cutAfter: 500_000 };
    const running = installTensorFlow();
    await expect.poll(() => server.requests.length, { timeout: 50_000 }).toBeGreaterThan(0);
    server.faults.cuts = 1000;
    server.faults.cutAfter = 0;
    await expect(running).rejects.toThrow(/pip could not download tensorflow-cpu==2\.21\.0: .*\nRun llm-backend install again: it goes on where this stopped/s);
    expect(statSync(join(downloads(), `${NAME}.part`)).size).toBe(500_000);
  });

  test("a version that is not there is named", async () => {
    await expect(installTensorFlow({ version: "2.0.99" })).rejects.toThrow(/There is no wheel of tensorflow-cpu==2\.0\.99/);
  });
});

describe.skipIf(!hasPip || process.platform !== "linux" || process.arch !== "x64")("installing for GPUs", () => {
  const library = (name: string): File => ({ name, data: Buffer.from(`library ${name}`) });
  const cublas = [library("nvidia/cublas/lib/libcublas.so.12"), library("nvidia/cublas/lib/libcublasLt.so.12"), library("nvidia/cublas/lib/libnvblas.so.12"), library("nvidia/cublas/include/cublas.h")];
  const nvcc = [library("nvidia/cuda_nvcc/bin/ptxas"), library("nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc"), library("nvidia/cuda_nvcc/nvvm/lib64/libnvvm.so")];
  const addAll = (): void => {
    const metadata = ["Requires-Dist: numpy>=1.26", 'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5; extra == "and-cuda"', 'Requires-Dist: nvidia-cuda-nvcc-cu12 (<13.0,>=12.5) ; extra == "and-cuda"', 'Requires-Dist: other; extra == "other"'];
    server.add("tensorflow-2.21.0-py3-none-any.whl", wheelOf("tensorflow-2.21.0", libraries, metadata));
    for (const version of ["12.4.1", "12.9.3", "13.0.1"]) server.add(`nvidia_cublas_cu12-${version}-py3-none-any.whl`, wheelOf(`nvidia_cublas_cu12-${version}`, cublas));
    server.add("nvidia_cuda_nvcc_cu12-12.9.86-py3-none-any.whl", wheelOf("nvidia_cuda_nvcc_cu12-12.9.86", nvcc));
  };

  test("adds the CUDA libraries that the wheel names, in the folders where it looks for them, and nothing else", async () => {
    addAll();
    const wheels = new Set<string>();
    const result = await installTensorFlow({ gpu: true, onProgress: ({ stage, wheel: index, wheels: count }) => wheels.add(`${stage} ${index}/${count}`) });
    const root = join(folder, "cache", "libtensorflow", "2.21.0-gpu-linux-x64");
    expect(result).toMatchObject({ gpu: true, changed: true, folder: join(root, "tensorflow") });
    expect(result.files.map(({ name }) => name)).toEqual([
      `tensorflow/${CC}`, `tensorflow/${FRAMEWORK}`, "nvidia/cublas/lib/libcublas.so.12", "nvidia/cublas/lib/libcublasLt.so.12",
      "nvidia/cuda_nvcc/bin/ptxas", "nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc",
    ]);
    const found = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(found).toHaveLength(result.files.length + 1); // and info.json
    expect(statSync(join(root, "nvidia/cuda_nvcc/bin/ptxas")).mode & 0o111).toBe(0o111);
    expect(server.requests.map(({ name }) => name)).toContain("nvidia_cublas_cu12-12.9.3-py3-none-any.whl");
    expect([...wheels]).toEqual(expect.arrayContaining(["unpack 1/3", "unpack 3/3"]));
    expect(await locateLibraries()).toMatchObject([{ origin: "the cache", folder: join(root, "tensorflow"), available: true }]);
    expect(await installTensorFlow({ gpu: true })).toMatchObject({ changed: false, folder: join(root, "tensorflow") });
    // The build for the CPU lies beside it, and without a GPU it is taken.
    const cpu = await installTensorFlow();
    if (!existsSync("/dev/nvidiactl") && !existsSync("/dev/dxg")) expect((await locateLibraries())[0]!.folder).toBe(cpu.folder);
  });

  test("keeps the wheels that arrived when one does not, and takes no half of it", async () => {
    addAll();
    server.add("nvidia_cuda_nvcc_cu12-12.9.86-py3-none-any.whl", Buffer.from("no wheel"));
    await expect(installTensorFlow({ gpu: true })).rejects.toThrow(/nvidia_cuda_nvcc_cu12-12\.9\.86-py3-none-any\.whl is not a complete zip archive/);
    expect(installed()).toEqual([]);
    const before = server.requests.length;
    addAll();
    await installTensorFlow({ gpu: true });
    expect(server.requests.slice(before).map(({ name }) => name)).toEqual(["nvidia_cuda_nvcc_cu12-12.9.86-py3-none-any.whl"]);
  });

  test("refuses a wheel that names no CUDA libraries", async () => {
    server.add("tensorflow-2.21.0-py3-none-any.whl", wheelOf("tensorflow-2.21.0", libraries));
    await expect(installTensorFlow({ gpu: true })).rejects.toThrow(/names no CUDA libraries in its extra and-cuda/);
  });
});
