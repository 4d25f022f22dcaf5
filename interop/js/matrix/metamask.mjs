// MetaMask's HybridDeleGator of framework 1.3.0 at its canonical address: accounts that its factory deploys.
//
//   node matrix/metamask.mjs
import { ERC1967Proxy } from '@metamask/delegation-abis/bytecode'
import { HybridDeleGator, SimpleFactory } from '@metamask/delegation-abis'
import { concat, encodeAbiParameters, encodeFunctionData, keccak256 } from 'viem'
import { placeEntryPoints } from '../stand/entrypoints.mjs'
import { framework, placeFramework } from '../stand/framework.mjs'
import { claim } from '../report.mjs'
import { golden, judge, main, open, point, stubCosts } from './bench.mjs'

const magic = '0x1626ba7e'
const salt = '0x' + '00'.repeat(32)

/** account deploys one with the golden owner, and the main key's id bound to the given key. */
async function account(chain, key) {
  const init = encodeFunctionData({ abi: HybridDeleGator, functionName: 'initialize', args: [
    golden.owner, [golden.keys.main.keyId], [BigInt(key.x)], [BigInt(key.y)],
  ] })
  const code = concat([ERC1967Proxy, encodeAbiParameters([{ type: 'address' }, { type: 'bytes' }], [framework.hybrid, init])])
  const address = await chain.read(framework.factory, SimpleFactory, 'computeAddress', [keccak256(code), salt])
  await chain.send(framework.factory, encodeFunctionData({ abi: SimpleFactory, functionName: 'deploy', args: [code, salt] }))
  return address
}

await main(async () => {
  const chains = await Promise.all(['osaka', 'prague'].map(open))
  for (const chain of chains) {
    await placeEntryPoints(chain.call)
    await placeFramework(chain.call)
    chain.accounts = new Map()
    for (const key of Object.values(golden.keys)) chain.accounts.set(key, await account(chain, key))
  }
  await claim('metamask: the account stores the key id hash that we compute', async () => {
    for (const chain of chains) {
      const stored = await chain.read(chain.accounts.get(golden.keys.main), HybridDeleGator, 'getKeyIdHashes', [])
      if (stored.length !== 1 || stored[0] !== golden.keys.main.keyIdHash) throw new Error(`it stores ${stored}`)
    }
  })
  const args = (chain, c) => [chain.accounts.get(point(c)), HybridDeleGator, 'isValidSignature', [c.hash, c.signature]]
  for (const layout of ['metamask', 'metamask-p256', 'metamask-ecdsa']) {
    await judge(layout, chains, async (chain, c) => (await chain.read(...args(chain, c))) === magic)
    if (layout !== 'metamask-ecdsa') await stubCosts(layout, chains, (chain, c) => chain.gas(...args(chain, c)))
  }
})
