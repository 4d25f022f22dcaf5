// Random session keys, each twice: described to Postern, and made with ZeroDev's packages.
import { createKernelAccount } from '@zerodev/sdk'
import { kindNames, policies } from './policies.mjs'
import { chain, entryPoint, permission, sessionKey, versions } from './world.mjs'

export { owner, same } from './world.mjs'
export const chains = [1, 10, 137, 8453, 31337, 11155111]
const flags = ['0x0000', '0x0001', '0x0002']

/** seen counts the kinds of policies that were drawn. */
export const seen = {}

/**
 * draw makes a session key for an owner on chain id: ours, the description, and theirs(address), which makes the
 * packages' account at an address, with the owner's signature if there is one already. kinds are those of the policies, version and flag the permission's.
 */
export async function draw(r, root, id, { kinds, version = r.one(versions), flag = r.int(3), nonce = r.chance(0.5) ? 0 : 1 + r.number(31), signer = sessionKey(r.one(['ecdsa', 'webauthn']), r.hex(32)) } = {}) {
  const lane = r.chance(0.5) ? 0 : r.int(65536), index = r.chance(0.5) ? 0n : r.big(256), list = policies(r, kinds)
  for (const k of list.kinds) seen[k] = (seen[k] ?? 0) + 1
  const ours = { version, chainId: id, index, nonce: nonce || 1, signer: signer.go, flag, policies: list.ours, lane }
  const theirs = async (address, pluginEnableSignature) => {
    const client = chain(id, { accounts: nonce ? { [address.toLowerCase()]: { version, nonce } } : {} })
    const regular = await permission(client, { signer, policies: list.sdk, flag: flags[flag], kernelVersion: version })
    const account = await createKernelAccount(client, { entryPoint, kernelVersion: version, index, address, plugins: { sudo: await root.on(client, version), regular, pluginEnableSignature } })
    return { client, regular, account, lane, policies: list.sdk, signer }
  }
  return { ours, theirs, signer, deployed: nonce > 0 }
}

/** installable draws kinds of policies, each once: the contracts keep one state for a permission. */
export const installable = (r) => r.shuffled(kindNames).slice(0, r.one([0, 1, 2, 2, 3, 4, 5]))
