// Reads account/hybrid/testdata in the shape that kit.mjs describes, addresses as viem writes them.
import { existsSync, readFileSync } from 'node:fs'
import { getAddress, isAddress } from 'viem'

const addresses = new Set(['address', 'owner', 'to', 'factory', 'sender', 'paymaster'])

/** golden returns the accounts of a file, undefined if there is no such file. */
export function golden(name) {
  const file = new URL(`../../../account/hybrid/testdata/${name}`, import.meta.url)
  if (!existsSync(file)) return undefined
  return JSON.parse(readFileSync(file), (key, v) => (addresses.has(key) && isAddress(v) ? getAddress(v) : v)).accounts
}
