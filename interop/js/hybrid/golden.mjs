// Reads account/hybrid/testdata in the shape that kit.mjs describes, addresses as viem writes them.
import { readFileSync } from 'node:fs'
import { getAddress, isAddress } from 'viem'

const addresses = new Set(['address', 'owner', 'to', 'factory', 'sender', 'paymaster'])

/** golden returns the accounts of a file. */
export function golden(name) {
  const file = new URL(`../../../account/hybrid/testdata/${name}`, import.meta.url)
  return JSON.parse(readFileSync(file), (key, v) => (addresses.has(key) && isAddress(v) ? getAddress(v) : v)).accounts
}
