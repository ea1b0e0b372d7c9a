import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IndexServer, hasPip } from "../../test/support/index-server.js";
import { wheelOf, type File } from "../../test/support/wheel.js";
import { downloadWheel } from "./download.js";
import { cudaRequirements, tensorflowWheels, type Machine } from "./requirements.js";
import { unpackWheel } from "./wheel.js";

// The files of TensorFlow 2.21.0 as the public index has them.
const WHEELS = [
  "tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl",
  "tensorflow_cpu-2.21.0-cp312-cp312-win_amd64.whl",
  "tensorflow-2.21.0-cp312-cp312-macosx_12_0_arm64.whl",
  "tensorflow-2.21.0-cp312-cp312-manylinux_2_27_aarch64.whl",
  "tensorflow-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl",
  "tensorflow-2.21.0-cp312-cp312-win_amd64.whl",
  // 2.18 has older tags, and these are of an earlier macOS.
  "tensorflow-2.18.1-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
  "tensorflow-2.15.1-cp311-cp311-macosx_10_15_x86_64.whl",
];
const PIP = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "NO_PROXY", "no_proxy"];

describe.skipIf(!hasPip || process.platform === "win32")("the wheel for another machine, as pip chooses it", () => {
  const old = Object.fromEntries(PIP.map((name) => [name, process.env[name]]));
  let folder = "";
  let server: IndexServer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "requirements-"));
    server = new IndexServer();
    await server.start();
    for (const name of WHEELS) {
      const [ending, count] = name.includes("macosx") ? ["2.dylib", 2] : ["so.2", name.includes("win") ? 0 : 2];
      const libraries = ["cc", "framework"].slice(0, count).map((part): File => ({ name: `tensorflow/libtensorflow_${part}.${ending}`, data: Buffer.from(`${part} of ${name}`) }));
      server.add(name, wheelOf(name.split("-").slice(0, 2).join("-"), libraries));
    }
    Object.assign(process.env, server.environment);
  });
  afterEach(async () => {
    for (const [name, value] of Object.entries(old)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const machines: [Machine, string, string, string[]][] = [
    [{ platform: "linux", arch: "arm64" }, "2.21.0", "tensorflow-2.21.0-cp312-cp312-manylinux_2_27_aarch64.whl", ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]],
    [{ platform: "linux", arch: "arm64" }, "2.18.1", "tensorflow-2.18.1-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl", ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]],
    [{ platform: "darwin", arch: "arm64" }, "2.21.0", "tensorflow-2.21.0-cp312-cp312-macosx_12_0_arm64.whl", ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"]],
  ];
  test.each(machines)("%o %s", async (machine, version, name, libraries) => {
    const wheel = await downloadWheel(tensorflowWheels(version, false, machine), folder);
    expect(basename(wheel)).toBe(name);
    const files = await unpackWheel(wheel, folder);
    expect(files.map((file) => file.name)).toEqual(libraries);
    expect(readFileSync(join(folder, libraries[0]!), "utf8")).toBe(`cc of ${name}`);
  }, 60_000);

  test("none for a machine without one, and a damaged one is refused", async () => {
    await expect(downloadWheel(tensorflowWheels("2.15.1", false, { platform: "darwin", arch: "arm64" }), folder)).rejects.toThrow(/There is no wheel of tensorflow==2\.15\.1 or tensorflow-cpu==2\.15\.1/);
    server.faults = { corrupt: 1 };
    const damaged = downloadWheel(tensorflowWheels("2.21.0", false, { platform: "darwin", arch: "arm64" }), folder);
    await expect(damaged).rejects.toThrow(/macosx_12_0_arm64\.whl is damaged: expected SHA-256/);
    expect(readdirSync(folder)).toEqual([]);
  }, 120_000);
});

test("CUDA's wheels are those that TensorFlow's metadata names", () => {
  // Requires-Dist of tensorflow 2.21.0 and, in the older form, of 2.18.1.
  const current = ['Requires-Dist: protobuf<8.0.0,>=6.31.1', 'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"', 'Requires-Dist: nvidia-nccl-cu12<3.0,>=2.27.7; extra == "and-cuda"', 'Requires-Dist: tensorflow-io-gcs-filesystem>=0.23.1; (sys_platform != "win32" and python_version < "3.13") and extra == "gcs-filesystem"'];
  expect(cudaRequirements(current.join("\n"))).toEqual(["nvidia-cublas-cu12<13.0,>=12.5.3.2", "nvidia-nccl-cu12<3.0,>=2.27.7"]);
  const older = ["Requires-Dist: nvidia-cublas-cu12 (==12.5.3.2) ; extra == 'and-cuda'", "Requires-Dist: nvidia-nccl-cu12 (==2.21.5) ; extra == 'and-cuda'"];
  expect(cudaRequirements(older.join("\r\n"))).toEqual(["nvidia-cublas-cu12==12.5.3.2", "nvidia-nccl-cu12==2.21.5"]);
  expect(() => cudaRequirements("Requires-Dist: numpy")).toThrow(/names no CUDA libraries/);
});
