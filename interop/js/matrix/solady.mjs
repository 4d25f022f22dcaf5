// Solady's WebAuthn library, compiled from npm's source by the compiler that contracts/package.json pins, behind a
// harness of three functions. On osaka only: without the precompile Solady asks a verifier contract that is on no
// fresh chain.
//
//   node matrix/solady.mjs
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { judge, main, open, point } from './bench.mjs'

const solc = createRequire(new URL('../../../contracts/package.json', import.meta.url))('solc')

function compile() {
  const entry = 'SoladyWebAuthnHarness.sol'
  const read = (path) => readFileSync(new URL(path === entry ? path : `../node_modules/${path}`, import.meta.url), 'utf8')
  const input = {
    language: 'Solidity', sources: { [entry]: { content: read(entry) } },
    settings: { evmVersion: 'cancun', optimizer: { enabled: true, runs: 200 }, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path) }) }))
  const errors = (output.errors ?? []).filter((e) => e.severity === 'error')
  if (errors.length) throw new Error(errors[0].formattedMessage)
  const { abi, evm } = output.contracts[entry].SoladyWebAuthnHarness
  return { abi, bytecode: '0x' + evm.bytecode.object }
}

await main(async () => {
  const { abi, bytecode } = compile()
  const chain = await open('osaka')
  const harness = await chain.deploy(abi, bytecode)
  const says = (name, c) => chain.read(harness, abi, name, [c.hash, c.uv === 'required', c.signature, point(c).x, point(c).y])
  await judge('solady', [chain], async (_, c) => (await says('verify', c)) === true)
  await judge('solady-compact', [chain], async (_, c) => {
    const [memory, calldata] = [await says('verifyCompact', c), await says('verifyCompactCalldata', c)]
    if (memory !== calldata) throw new Error(`one decoder says ${memory}, the other ${calldata}`)
    return memory === true
  })
})
