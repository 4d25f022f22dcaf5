// Compiles the contracts with the pinned solc-js and writes the artifacts that Go embeds.
//
//   node build.mjs            writes out/ and testdata/artifacts/
//   node build.mjs --check    compiles and compares with what is committed; exit code 1 on a difference
//   node build.mjs --measure  prints code sizes for other optimizer settings; writes nothing
//
// The result depends on nothing but the sources, package-lock.json and the settings below: source names are fixed
// ("src/…", "@openzeppelin/…", "solady/…"), and no metadata is appended to the code.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const root = dirname(fileURLToPath(import.meta.url));
const CODE_LIMIT = 24576; // EIP-170

// What is compiled: entry sources, the directory of the artifacts, and the contracts to be kept; with a name for the
// compiler's input where that is committed, and optimizer runs other than RUNS. The account is large and limited in
// size, arithmetic is small and to be quick: they are compiled apart.
const targets = [
  { dir: "out", sources: ["src/WebAuthnAccount.sol", "src/WebAuthnAccountFactory.sol"], own: "src/", input: "input" },
  { dir: "out", sources: ["src/P256Slow.sol"], own: "src/", input: "P256Slow.input", runs: 1_000_000 },
  { dir: "out", sources: ["src/P256Verifier.sol"], own: "src/", input: "P256Verifier.input", runs: 1_000_000 },
  { dir: "out", sources: ["src/WebAuthnAccountRecovery.sol"], own: "src/", input: "WebAuthnAccountRecovery.input" },
  {
    dir: "testdata/artifacts",
    sources: readdirSync(join(root, "test-src"))
      .filter((name) => name.endsWith(".sol"))
      .sort()
      .map((name) => `test-src/${name}`),
    own: "test-src/",
  },
  { dir: "../internal/kernelstand/data", sources: ["test-src/kernel/Stand.sol"], own: "test-src/kernel/" },
];

// evmVersion cancun: the code runs under Cancun rules and all later ones. Runs and viaIR: see docs/gas.md.
const settings = (runs, viaIR) => ({
  evmVersion: "cancun",
  viaIR,
  optimizer: { enabled: true, runs },
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
});

const RUNS = 1_000;
const VIA_IR = true;

function readSource(name) {
  const inPackage = name.startsWith("@") || name.startsWith("solady/");
  return readFileSync(join(root, inPackage ? "node_modules" : "", name), "utf8");
}

// All sources that the entries reach, by name.
function collect(entries) {
  const sources = {};
  const queue = [...entries];
  while (queue.length > 0) {
    const name = queue.pop();
    if (name in sources) continue;
    const content = readSource(name);
    sources[name] = { content };
    for (const [, path] of content.matchAll(/^\s*(?:import|\}\s*from)\b[^;"']*["']([^"']+)["']/gm)) {
      queue.push(path.startsWith(".") ? join(dirname(name), path) : path);
    }
  }
  return Object.fromEntries(Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function compile(entries, runs = RUNS, viaIR = VIA_IR) {
  const input = { language: "Solidity", sources: collect(entries), settings: settings(runs, viaIR) };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  // Warnings about other people's sources are theirs.
  const ours = (e) => e.severity === "error" || /^(src|test-src)\//.test(e.sourceLocation?.file ?? "");
  const problems = (output.errors ?? []).filter(ours);
  if (runs >= RUNS && viaIR === VIA_IR) for (const p of problems) console.error(p.formattedMessage);
  if (problems.some((p) => p.severity === "error")) throw new Error("the sources do not compile");
  return { input, contracts: output.contracts };
}

// Contracts with code that come from our own sources, as [source, name, contract].
function* deployable(contracts, own) {
  for (const [source, byName] of Object.entries(contracts)) {
    if (!source.startsWith(own)) continue;
    for (const [name, contract] of Object.entries(byName)) {
      if (contract.evm.bytecode.object !== "") yield [source, name, contract];
    }
  }
}

const isLibrary = (contract) => contract.abi.every((item) => item.type === "error" || item.type === "event");

const size = (hex) => hex.length / 2;

function artifacts({ dir, sources, own, input: inputName, runs }) {
  const { input, contracts } = compile(sources, runs);
  const files = {};
  for (const [source, name, contract] of deployable(contracts, own)) {
    const runtime = contract.evm.deployedBytecode.object;
    if (isLibrary(contract)) continue;
    if (size(runtime) > CODE_LIMIT) throw new Error(`${name}: ${size(runtime)} bytes of code, limit ${CODE_LIMIT}`);
    files[`${dir}/${name}.json`] = {
      contractName: name,
      sourceName: source,
      compiler: solc.version(),
      runtimeStart: contract.evm.bytecode.object.indexOf(runtime) / 2, // in the creation code; constants may follow it
      runtimeSize: size(runtime),
      abi: contract.abi,
      bytecode: "0x" + contract.evm.bytecode.object,
    };
    console.log(`${dir}/${name}: ${size(runtime)} bytes of code, ${size(contract.evm.bytecode.object)} to create`);
  }
  if (inputName) files[`${dir}/${inputName}.json`] = input;
  return files;
}

function measure() {
  for (const viaIR of [true, false]) {
    for (const runs of [1, 200, 500, 700, 1_000, 10_000]) {
      let line = `viaIR ${viaIR}, runs ${runs}:`;
      try {
        const { contracts } = compile(targets[0].sources, runs, viaIR);
        for (const [, name, c] of deployable(contracts, "src/")) {
          if (!isLibrary(c)) line += ` ${name} ${size(c.evm.deployedBytecode.object)}`;
        }
      } catch (error) {
        line += ` ${error.message}`;
      }
      console.log(line);
    }
  }
}

function main(args) {
  if (args.includes("--measure")) return measure();
  const files = Object.assign({}, ...targets.map(artifacts));
  let differences = 0;
  for (const [path, value] of Object.entries(files)) {
    const text = JSON.stringify(value, null, 1) + "\n";
    const absolute = join(root, path);
    if (!args.includes("--check")) {
      mkdirSync(dirname(absolute), { recursive: true });
      writeFileSync(absolute, text);
      continue;
    }
    let committed = "";
    try {
      committed = readFileSync(absolute, "utf8");
    } catch {
      // absent: differs
    }
    if (committed !== text) {
      differences++;
      console.error(`${path} differs from what the sources compile to`);
    }
  }
  if (differences > 0) {
    console.error("run `node build.mjs` in contracts/ and commit the result");
    process.exitCode = 1;
  }
}

main(process.argv.slice(2));
