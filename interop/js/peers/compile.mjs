// Prints, as JSON, the libraries of other people that docs/gas.md compares ours with: compiled from the sources of the
// installed npm packages, behind the fronts that stand beside this file, by the compiler that contracts/package.json
// pins. The code is theirs and is kept nowhere.
//
//   node peers/compile.mjs
//
// Every library is compiled in four ways, so that the cheapest can be taken: which one that is differs.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { SCL_RIP7212 } from '@metamask/delegation-abis/bytecode'

const require = createRequire(new URL('../../../contracts/package.json', import.meta.url))
const solc = require('solc')
const here = (path) => readFileSync(new URL(path, import.meta.url), 'utf8')
const version = (name) => JSON.parse(here(`../node_modules/${name}/package.json`)).version

const sources = ['P256.sol', 'WebAuthn.sol']
const packages = ['@metamask/delegation-abis', '@openzeppelin/contracts', '@safe-global/safe-passkey', 'solady']
const ways = [true, false].flatMap((viaIR) => [200, 1_000_000].map((runs) => ({ viaIR, runs })))

function compile(entry, { viaIR, runs }) {
  const input = {
    language: 'Solidity',
    sources: { [entry]: { content: here(entry) } },
    settings: {
      evmVersion: 'cancun', viaIR, optimizer: { enabled: true, runs }, metadata: { appendCBOR: false, bytecodeHash: 'none' },
      outputSelection: { [entry]: { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  }
  const read = (path) => ({ contents: here(`../node_modules/${path}`) })
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }))
  const errors = (output.errors ?? []).filter((e) => e.severity === 'error')
  return { contracts: output.contracts?.[entry] ?? {}, errors }
}

const contracts = {}
for (const entry of sources) {
  const failed = []
  for (const way of ways) {
    const made = compile(entry, way)
    if (made.errors.length) failed.push(made.errors[0].formattedMessage)
    for (const [name, { evm }] of Object.entries(made.contracts)) {
      if (evm.bytecode.object === '') continue
      contracts[name] ??= []
      contracts[name].push({ ...way, creation: '0x' + evm.bytecode.object, runtime: '0x' + evm.deployedBytecode.object })
    }
  }
  if (failed.length === ways.length) throw new Error(failed[0])
}

// What is published compiled: the verifier that Safe deploys, OpenZeppelin's ERC-7913 verifiers, and the library that
// MetaMask's accounts are linked to.
const fcl = JSON.parse(here('../node_modules/@safe-global/safe-passkey/build/artifacts/contracts/verifiers/FCLP256Verifier.sol/FCLP256Verifier.json'))
contracts.FCLP256Verifier = [{ published: true, creation: fcl.bytecode, runtime: fcl.deployedBytecode }]
for (const name of ['ERC7913P256Verifier', 'ERC7913WebAuthnVerifier']) {
  const { bytecode, deployedBytecode } = JSON.parse(here(`../node_modules/@openzeppelin/contracts/build/contracts/${name}.json`))
  contracts[name] = [{ published: true, creation: bytecode, runtime: deployedBytecode }]
}
contracts.SCL_RIP7212 = [{ published: true, creation: SCL_RIP7212, runtime: '0x' }]

process.stdout.write(JSON.stringify({
  solc: solc.version(),
  packages: Object.fromEntries(packages.map((name) => [name, version(name)])),
  contracts,
}) + '\n')
