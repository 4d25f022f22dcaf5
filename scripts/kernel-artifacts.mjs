// Makes the directory that KERNEL_ARTIFACTS names: the contracts of ZeroDev's Kernel, from public sources, as they
// stand on a chain. Nothing of it belongs into this repository or any package. docs/testing.md tells the rest.
//
//   node scripts/kernel-artifacts.mjs --sources DIR --solc DIR --out DIR
//
// --sources has clones: kernel and kernel-7579-plugins (zerodevapp), solady (Vectorized), openzeppelin-contracts
// (OpenZeppelin), forge-std (foundry-rs), permissionless.js (pimlicolabs). --solc is where `npm install solc@0.8.24 solc28@npm:solc@0.8.28` was
// run. Needs interop/js installed, for Anvil.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startAnvil } from '../interop/js/stand/anvil.mjs'
import { stop } from '../interop/js/stand/child.mjs'
import { construct, create2Address, deploy } from '../interop/js/stand/deploy.mjs'
import { until } from '../interop/js/stand/rpc.mjs'

const { keccak256, pad } = createRequire(new URL('../interop/js/x.js', import.meta.url))('viem')
const { values: options } = parseArgs({ options: { sources: { type: 'string' }, solc: { type: 'string' }, out: { type: 'string' } } })
for (const name of ['sources', 'solc', 'out']) if (!options[name]) throw new Error(`--${name} DIR is missing`)
const compilers = createRequire(join(resolve(options.solc), 'x.js'))
const zero = '0x' + '00'.repeat(32)

const kernel31 = '379417c7d4932537ec0781fe83d97239244bd11a', kernelMay = '10c0997d71bc54383d83dfacd68baa9f21cbbfb0'
const pins = { solady: '9deb9ed36a27261a8745db5b7cd7f4cdc3b1cd4e', 'forge-std': 'e4aef94c1768803a16fe19f7ce8b65defd027cfd', 'openzeppelin-contracts': 'dbb6104ce834628e473d2173bbc9d47f81a9eec3' }
const call = 'policies/call-policy/src/CallPolicy.sol', webauthn = 'validators/webauthn/src/'

// What is compiled: name, address, source, revision. Where the address follows from the code, the code is that of
// public networks, bit for bit; where it does not, the code has that behaviour, and stands there because we put it there.
const modules = [
  ['CallPolicy-0.0.1', '0xe4Fec84B7B002273ecC86baa65a831ddB92d30a8', call, '235356f'],
  ['CallPolicy-0.0.2', '0x67Fa43ca2D689beA4d10b9F2C96828828A2Ab275', call, '9fa639c'],
  ['CallPolicy-0.0.3', '0xB3CB5f502250360335614df1421f2AAbE98CE503', call, '8e1d4f6'],
  ['CallPolicy-0.0.4', '0x9a52283276A0ec8740DF50bF01B28A80D880eaf2', call, '0937ec5', { test: 'test/TestEncode.t.sol' }],
  ['CallPolicy-0.0.5', '0x85770b902D1e503D5f5141d9eaC16d0d08eEaDd2', call, 'b9bf8e0', { solc: 'solc28' }],
  ['GasPolicy', '0xaeFC5AbC67FfD258abD0A3E54f65E70326F84b23', 'policies/gas/src/GasPolicy.sol', '0937ec5'],
  ['RateLimitPolicy', '0xf63d4139B25c836334edD76641356c6b74C86873', 'policies/ratelimit/src/RateLimitPolicy.sol', '0937ec5'],
  ['RateLimitPolicyReset', '0x6a06358e6b283921deceabe7e8a3741d506cca9b', 'policies/ratelimit/src/RateLimitPolicyReset.sol', '8177ad0', { solc: 'solc28' }],
  ['SignaturePolicy', '0xF6A936c88D97E6fad13b98d2FD731Ff17eeD591d', 'policies/signature-caller/src/SignaturePolicy.sol', '0937ec5'],
  ['TimestampPolicy', '0xB9f8f524bE6EcD8C945b1b87f9ae5C192FdCE20F', 'policies/timestamp/src/TimestampPolicy.sol', '0937ec5'],
  ['SudoPolicy', '0x67b436caD8a6D025DF6C82C5BB43fbF11fC5B9B7', 'policies/sudo/src/SudoPolicy.sol', '0937ec5'],
  ['ECDSASigner', '0x6A6F069E2a08c2468e7724Ab3250CdBFBA14D4FF', 'signers/ecdsa/src/ECDSASigner.sol', '0937ec5'],
  ['WebAuthnSigner-0.0.4', '0x65DEeC8fEe717dc044D0CFD63cCf55F02cCaC2b3', 'signers/webauthn/src/WebAuthnSigner.sol', '0937ec5', { kernel: kernelMay }],
  ['MultiChainValidator', '0x5C97aA67Ba578E3c54ec5942A7563Ea9130E4f5F', 'src/validator/MultiChainValidator.sol', kernelMay, { repo: 'kernel' }],
  ['MultiChainWebAuthnValidator-0.0.1', '0x56Bf68A3Eb0b95A4EC0880E5F39Cf45CF58dAe70', webauthn + 'MultiChainWebAuthnValidator.sol', '817e749', { kernel: kernelMay }],
  // the same with the mended library, as its makers' other contracts have it
  ['MultiChainWebAuthnValidator-0.0.2', '0xF98365FAD8403C340b1D5F017b2EBdaE641104ff', webauthn + 'MultiChainWebAuthnValidator.sol', '817e749',
    { kernel: kernelMay, mended: { [webauthn + 'WebAuthn.sol']: '0937ec5', [webauthn + 'P256.sol']: '0937ec5' } }],
  ['WeightedECDSAValidator', '0xeD89244160CfE273800B58b1B534031699dFeEEE', 'src/validator/WeightedECDSAValidator.sol', kernelMay, { repo: 'kernel' }],
  ['RecoveryAction', '0xe884C2868CC82c16177eC73a93f7D9E6F3A5DC6E', 'actions/recovery/src/RecoveryAction.sol', 'ca4a820'],
  ['P256Verifier', '0xc2b78104907F722DABAc4C69f826a522B2754De4', webauthn + 'P256Verifier.sol', '0937ec5'],
]

// What permissionless.js has as calls of the deployment factory.
const created = {
  KERNEL_V06_ECDSA_VALIDATOR_V2_2_CREATECALL: 'ECDSAValidator-0.2', KERNEL_V06_FACTORY_CREATECALL: 'KernelFactory-0.2',
  KERNEL_V06_ACCOUNT_V2_2_LOGIC_CREATECALL: 'Kernel-0.2.2', KERNEL_V06_ACCOUNT_V2_3_LOGIC_CREATECALL: 'Kernel-0.2.3', KERNEL_V06_ACCOUNT_V2_4_LOGIC_CREATECALL: 'Kernel-0.2.4',
  KERNEL_V07_ECDSA_VALIDATOR_V3_CREATECALL: 'ECDSAValidator-0.3.0', KERNEL_V07_V3_1_ECDSA_VALIDATOR_V3_CREATECALL: 'ECDSAValidator-0.3.1',
  KERNEL_V07_V3_1_WEB_AUTHN_VALIDATOR_CREATECALL: 'WebAuthnValidator-0.0.3', KERNEL_V07_META_FACTORY_CREATECALL: 'FactoryStaker',
  KERNEL_V07_ACCOUNT_V3_LOGIC_CREATECALL: 'Kernel-0.3.0', KERNEL_V07_FACTORY_CREATECALL: 'KernelFactory-0.3.0',
  KERNEL_V07_V3_1_ACCOUNT_V3_LOGIC_CREATECALL: 'Kernel-0.3.1', KERNEL_V07_V3_1_FACTORY_CREATECALL: 'KernelFactory-0.3.1',
  KERNEL_V07_V3_2_ACCOUNT_V3_LOGIC_CREATECALL: 'Kernel-0.3.2', KERNEL_V07_V3_2_FACTORY_CREATECALL: 'KernelFactory-0.3.2',
  KERNEL_V07_V3_3_ACCOUNT_V3_LOGIC_CREATECALL: 'Kernel-0.3.3', KERNEL_V07_V3_3_FACTORY_CREATECALL: 'KernelFactory-0.3.3',
}

const show = (repo, revision, path) => execFileSync('git', ['-C', join(options.sources, repo), 'show', `${revision}:${path}`], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] })

/** Names as Forge has them in the project of a test. Code by the IR depends on what else is compiled with it. */
const forge = {
  remappings: ['forge-std/=lib/forge-std/src/', 'kernel/=lib/kernel_v3/src/', 'solady/=lib/kernel_v3/lib/solady/src/'],
  find: (project, revision) => (name) => {
    for (const [at, repo, pin] of [['lib/forge-std/', 'forge-std', pins['forge-std']], ['lib/kernel_v3/lib/solady/', 'solady', pins.solady], ['lib/kernel_v3/', 'kernel', kernel31]]) {
      if (name.startsWith(at)) return show(repo, pin, name.slice(at.length))
    }
    return show('kernel-7579-plugins', revision, project + name)
  },
}

/** compileAll is compile as Forge does: with a test, and all that both of them reach. */
function compileAll(path, revision, test, solc, settings) {
  const at = path.indexOf('src/'), main = path.slice(at), find = forge.find(path.slice(0, at), revision)
  const run = (names, settings) => {
    const sources = Object.fromEntries(names.map((name) => [name, { content: find(name) }]))
    const import_ = (name) => { try { return { contents: find(name) } } catch { return { error: `there is no ${name}` } } }
    return JSON.parse(compilers(solc).compile(JSON.stringify({ language: 'Solidity', sources, settings: { ...settings, remappings: forge.remappings } }), { import: import_ }))
  }
  const reached = Object.keys(run([main, test], { outputSelection: { '*': { '': ['ast'] } } }).sources).sort()
  const out = run(reached, { ...settings, outputSelection: { [main]: { '*': ['evm.bytecode.object'] } } })
  return '0x' + out.contracts[main][main.split('/').pop().replace('.sol', '')].evm.bytecode.object
}

/** compile returns creation code. */
function compile(path, revision, { repo = 'kernel-7579-plugins', kernel = kernel31, solc = 'solc', mended = {}, test } = {}) {
  const find = (name) => {
    if (name.endsWith('console.sol')) return 'library console { function logBytes(bytes memory) internal pure {} }'
    const [first, ...rest] = name.split('/')
    if (first === 'kernel') return show('kernel', kernel, 'src/' + rest.join('/'))
    if (first === 'solady') return show('solady', pins.solady, (rest[0] === 'src' ? '' : 'src/') + rest.join('/'))
    if (first === 'openzeppelin-contracts') return show(first, pins[first], rest.join('/'))
    return show(repo, mended[name] ?? revision, name)
  }
  const settings = {
    optimizer: { enabled: true, runs: 200 }, viaIR: true, evmVersion: 'paris', metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
  }
  if (test) return compileAll(path, revision, test, solc, settings)
  const import_ = (name) => { try { return { contents: find(name) } } catch { return { error: `there is no ${name}` } } }
  const out = JSON.parse(compilers(solc).compile(JSON.stringify({ language: 'Solidity', sources: { [path]: { content: find(path) } }, settings }), { import: import_ }))
  const failure = out.errors?.find((e) => e.severity === 'error')
  if (failure) throw new Error(`${path}: ${failure.formattedMessage}`)
  return '0x' + out.contracts[path][path.split('/').pop().replace('.sol', '')].evm.bytecode.object
}

/** calls reads the constants NAME = "0x…" of a TypeScript file: salt and creation code each. */
function* calls(text) {
  for (const [, name, hex] of text.matchAll(/export const (\w+)(?:: Hex)? =\s*"(0x[0-9a-fA-F]+)"/g)) {
    if (!created[name]) continue
    const salt = hex.slice(0, 66), code = '0x' + hex.slice(66)
    yield { name: created[name], address: create2Address(code, salt), salt, code, proven: true, source: `permissionless.js ${name}` }
  }
}

const list = [...calls(show('permissionless.js', 'HEAD', 'packages/permissionless-test/mock-aa-infra/alto/constants/accounts/kernel.ts'))]
if (list.length !== Object.keys(created).length) throw new Error(`permissionless.js has ${list.length} of ${Object.keys(created).length} contracts`)
for (const [name, address, path, revision, how] of modules) {
  const code = compile(path, revision, how)
  const proven = create2Address(code, zero).toLowerCase() === address.toLowerCase()
  list.push({ name, address, salt: zero, code, proven, source: `${how?.repo ?? 'kernel-7579-plugins'} ${revision} ${path}` })
}

const anvil = await startAnvil({ hardfork: 'prague', chainId: 31337 })
await deploy(anvil.call, list.filter((c) => c.proven))
for (const c of list) if (!c.proven) await construct(anvil.call, c)

/** byOwner has a contract's owner call it, whoever that is. */
async function byOwner({ address }, data) {
  const owner = '0x' + (await anvil.call('eth_call', { to: address, data: '0x8da5cb5b' }, 'latest')).slice(26)
  await anvil.call('anvil_setBalance', owner, '0xde0b6b3a7640000')
  await anvil.call('anvil_impersonateAccount', owner)
  const hash = await anvil.call('eth_sendTransaction', { from: owner, to: address, data, gas: '0x100000' })
  const receipt = await until(hash, 60, () => anvil.call('eth_getTransactionReceipt', hash))
  if (receipt.status !== '0x1') throw new Error(`a call of ${address} reverted`)
}

// The staked factory and that of Kernel 0.2 do nothing until their owner admits factories and implementations.
const named = (pattern) => list.filter((c) => pattern.test(c.name))
const one = (signature, address) => keccak256(Buffer.from(signature)).slice(0, 10) + pad(address, { size: 32 }).slice(2) + '1'.padStart(64, '0')
const [staker] = named(/^FactoryStaker$/), [factory02] = named(/^KernelFactory-0\.2$/)
for (const f of named(/^KernelFactory-0\.3/)) await byOwner(staker, one('approveFactory(address,bool)', f.address))
for (const k of named(/^Kernel-0\.2/)) await byOwner(factory02, one('setImplementation(address,bool)', k.address))
const word = (n) => '0x' + n.toString(16).padStart(64, '0')
const entry = (key, slot) => keccak256(pad(key, { size: 32 }) + word(slot).slice(2))
const owner = '0xffffffffffffffffffffffffffffffffffffffffffffffffffffffff74873927' // solady's Ownable
const slots = {
  FactoryStaker: [owner, ...named(/^KernelFactory-0\.3/).map((f) => entry(f.address, 0))],
  'KernelFactory-0.2': [owner, word(0), word(1), word(2), ...named(/^Kernel-0\.2/).flatMap((k) => [entry(k.address, 0), entry(k.address, 1)])],
}

mkdirSync(options.out, { recursive: true })
for (const c of list) {
  const storage = {}
  for (const slot of slots[c.name] ?? []) {
    const value = await anvil.call('eth_getStorageAt', c.address, slot, 'latest')
    if (BigInt(value) !== 0n) storage[slot] = value
  }
  const runtime = await anvil.call('eth_getCode', c.address, 'latest')
  const { name, address, proven, source } = c
  writeFileSync(join(options.out, `${name}.json`), JSON.stringify({ name, address, proven, source, storage, create2: proven ? c.salt + c.code.slice(2) : undefined, runtime }, null, 1) + '\n')
  console.log(`${name.padEnd(34)} ${address} ${proven ? 'the address follows from the code' : 'put there'}`)
}
await stop()
process.exit(0)
