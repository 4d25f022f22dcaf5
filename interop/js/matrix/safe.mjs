// Safe's passkey signer: SafeWebAuthnSignerFactory and the FCL verifier, the published builds of
// @safe-global/safe-passkey. Each signer is a contract of its own for one key.
//
//   node matrix/safe.mjs
import { encodeFunctionData } from 'viem'
import { artifact, judge, main, open, point, stubCosts } from './bench.mjs'

const build = (path) => artifact(`@safe-global/safe-passkey/build/artifacts/contracts/${path}.json`)
const factory = build('SafeWebAuthnSignerFactory.sol/SafeWebAuthnSignerFactory')
const signer = build('SafeWebAuthnSignerSingleton.sol/SafeWebAuthnSignerSingleton')
const fcl = build('verifiers/FCLP256Verifier.sol/FCLP256Verifier')
// isValidSignature has two forms; this is ERC-1271's.
const abi = signer.abi.filter((f) => f.name === 'isValidSignature' && f.inputs[0].type === 'bytes32')
const magic = '0x1626ba7e'

/** place makes signers that use P256VERIFY where it answers and FCL elsewhere. */
async function place(chain) {
  const verifier = await chain.deploy(fcl.abi, fcl.bytecode)
  const at = await chain.deploy(factory.abi, factory.bytecode)
  const verifiers = (0x100n << 160n) | BigInt(verifier)
  chain.signer = async (key) => {
    const args = [BigInt(key.x), BigInt(key.y), verifiers]
    const address = await chain.read(at, factory.abi, 'getSigner', args)
    if ((await chain.call('eth_getCode', address, 'latest')) === '0x') {
      await chain.send(at, encodeFunctionData({ abi: factory.abi, functionName: 'createSigner', args }))
    }
    return address
  }
}

await main(async () => {
  const chains = await Promise.all(['osaka', 'prague'].map(open))
  await Promise.all(chains.map(place))
  await judge('safe', chains, async (chain, c) =>
    (await chain.read(await chain.signer(point(c)), abi, 'isValidSignature', [c.hash, c.signature])) === magic)
  await stubCosts('safe', chains, async (chain, c) => chain.gas(await chain.signer(point(c)), abi, 'isValidSignature', [c.hash, c.signature]))
})
