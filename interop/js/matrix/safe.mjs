// Safe's passkey signer: SafeWebAuthnSignerFactory and the FCL verifier, the published builds of
// @safe-global/safe-passkey, and a Safe 1.4.1 (@safe-global/safe-contracts) whose owners are such signers.
//
//   node matrix/safe.mjs
import { encodeFunctionData, stringToHex, zeroAddress } from 'viem'
import { artifact, golden, judge, main, open, point, stubCosts } from './bench.mjs'

const passkey = (path) => artifact(`@safe-global/safe-passkey/build/artifacts/contracts/${path}.json`)
const contracts = (path) => artifact(`@safe-global/safe-contracts/build/artifacts/contracts/${path}.json`)
const factory = passkey('SafeWebAuthnSignerFactory.sol/SafeWebAuthnSignerFactory')
const signer = passkey('SafeWebAuthnSignerSingleton.sol/SafeWebAuthnSignerSingleton')
const fcl = passkey('verifiers/FCLP256Verifier.sol/FCLP256Verifier')
const safe = contracts('Safe.sol/Safe')
const proxy = contracts('proxies/SafeProxy.sol/SafeProxy')
// isValidSignature has two forms; this is ERC-1271's.
const abi = signer.abi.filter((f) => f.name === 'isValidSignature' && f.inputs[0].type === 'bytes32')
const magic = '0x1626ba7e'

/** placeSigners puts the signer of every golden key, with P256VERIFY where it answers and FCL elsewhere, and gives a
 * copy of it to the address that the file names: what a signer knows is part of its code. */
async function placeSigners(chain) {
  const verifier = await chain.deploy(fcl.abi, fcl.bytecode)
  const at = await chain.deploy(factory.abi, factory.bytecode)
  for (const key of Object.values(golden.keys)) {
    const args = [BigInt(key.x), BigInt(key.y), (0x100n << 160n) | BigInt(verifier)]
    await chain.send(at, encodeFunctionData({ abi: factory.abi, functionName: 'createSigner', args }))
    const made = await chain.read(at, factory.abi, 'getSigner', args)
    await chain.call('anvil_setCode', key.safeSigner, await chain.call('eth_getCode', made, 'latest'))
  }
}

/** placeSafe makes a Safe that all golden signers own. */
async function placeSafe(chain) {
  const singleton = await chain.deploy(safe.abi, safe.bytecode)
  chain.safe = await chain.deploy(proxy.abi, proxy.bytecode, [singleton])
  const owners = Object.values(golden.keys).map((key) => key.safeSigner)
  await chain.send(chain.safe, encodeFunctionData({ abi: safe.abi, functionName: 'setup', args: [
    owners, 1n, zeroAddress, '0x', zeroAddress, zeroAddress, 0n, zeroAddress,
  ] }))
}

await main(async () => {
  const chains = await Promise.all(['osaka', 'prague'].map(open))
  await Promise.all(chains.map(async (chain) => { await placeSigners(chain); await placeSafe(chain) }))
  const args = (c) => [point(c).safeSigner, abi, 'isValidSignature', [c.hash, c.signature]]
  await judge('safe', chains, async (chain, c) => (await chain.read(...args(c))) === magic)
  await stubCosts('safe', chains, (chain, c) => chain.gas(...args(c)))
  // checkNSignatures returns nothing and reverts otherwise.
  const data = stringToHex(golden.message)
  await judge('safe-signatures', chains, (chain, c) =>
    chain.holds(chain.safe, safe.abi, 'checkNSignatures', [c.hash, data, c.signature, BigInt(c.owners)]))
})
