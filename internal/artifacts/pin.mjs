// pin.mjs writes manifest.json: the npm packages this program reads at run time, each with the
// registry's sha512 integrity of its tarball and the SHA-256 of every file that is used.
//
//   node pin.mjs > manifest.json        (needs npm and the registry of npm's configuration)
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

const artifacts = ["EntryPoint", "SimpleAccount", "SimpleAccountFactory"].map((n) => `artifacts/${n}.json`);
const solidity = (p) => artifacts.includes(p);
const modules = (p) => p === "LICENSE" || p.endsWith(".js");
const framework = ["SCL_RIP7212", "DelegationManager", "SimpleFactory", "HybridDeleGator", "EIP7702StatelessDeleGator"]
  .map((n) => `dist/bytecode/${n}.mjs`);
const delegation = (p) => framework.includes(p);
const paymaster = (p) => ["_esm/constants.js", "_esm/helpers/erc20-utils.js"].includes(p);
const kernel = (p) => p === "src/deployment/precompiles/KernelPrecompiles.sol";
// name, version, which files are used; true: by tests only
const packages = [
  ["@account-abstraction/contracts", "0.6.0", solidity],
  ["@account-abstraction/contracts", "0.7.0", solidity],
  ["@account-abstraction/contracts", "0.8.0", solidity],
  ["@account-abstraction/contracts", "0.9.0-rc.1", solidity],
  ["@noble/hashes", "2.4.0", modules],
  ["@noble/curves", "2.4.0", modules],
  ["@metamask/delegation-abis", "2.0.0", delegation],
  ["@pimlico/mock-paymaster", "0.0.7", paymaster],
  ["@rhinestone/modulekit", "0.5.9", kernel, true],
];

const walk = (dir) => readdirSync(dir).flatMap((n) => {
  const p = join(dir, n);
  return statSync(p).isDirectory() ? walk(p) : [p];
});
const npm = (...args) => execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

const out = packages.map(([name, version, used, tests]) => {
  const dir = mkdtempSync(join(tmpdir(), "pin-"));
  try {
    const [{ filename }] = JSON.parse(npm("pack", "--json", "--pack-destination", dir, `${name}@${version}`));
    const file = join(dir, filename.replace(/^@/, "").replaceAll("/", "-"));
    const bytes = readFileSync(file);
    const integrity = "sha512-" + createHash("sha512").update(bytes).digest("base64");
    const published = JSON.parse(npm("view", `${name}@${version}`, "dist.integrity", "--json"));
    if (integrity !== published) throw new Error(`${name}@${version}: ${integrity} != ${published}`);
    execFileSync("tar", ["-xzf", file, "-C", dir]);
    const root = join(dir, "package");
    const files = {};
    for (const p of walk(root).map((p) => relative(root, p)).filter(used).sort())
      files[p] = createHash("sha256").update(readFileSync(join(root, p))).digest("hex");
    return { name, version, tarball: file.split("/").pop(), size: bytes.length, integrity, tests, files };
  } finally {
    rmSync(dir, { recursive: true });
  }
});
process.stdout.write(JSON.stringify(out, null, 2) + "\n");
