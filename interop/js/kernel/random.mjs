// Random values from a seed: every run draws the same ones.
import { getAddress, toHex } from 'viem'

/** random returns generators over one sequence (mulberry32). */
export function random(seed) {
  let s = seed >>> 0
  const word = () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), s | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const r = {
    /** below n */
    int: (n) => Math.floor((word() / 2 ** 32) * n),
    one: (list) => list[r.int(list.length)],
    chance: (p) => word() / 2 ** 32 < p,
    bytes: (n) => Uint8Array.from({ length: n }, () => word() >>> 24),
    hex: (n) => toHex(r.bytes(n)),
    /** as EIP-55 writes it or not: both must be read */
    address: () => (r.chance(0.5) ? getAddress(r.hex(20)) : r.hex(20)),
    /** of a random width of at most so many bits, the smallest and the largest among them */
    big: (bits) => r.one([0n, 1n, (1n << BigInt(bits)) - 1n, ...Array(9).fill(undefined)]) ?? BigInt(r.hex(Math.ceil(bits / 8))) >> BigInt(r.int(bits) + (8 - (bits % 8)) % 8),
    number: (bits) => Number(r.big(bits)),
    list: (n, f) => Array.from({ length: n }, (_, i) => f(i)),
    shuffled: (list) => { const l = [...list]; for (let i = l.length - 1; i > 0; i--) { const j = r.int(i + 1); [l[i], l[j]] = [l[j], l[i]] } return l },
  }
  return r
}
