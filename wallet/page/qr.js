// @ts-check
/** QR codes (ISO/IEC 18004) of bytes, at the lowest level of error correction: screens do not get scratched. */
import { utf8 } from './bytes.js';

/** Bytes that the largest code holds. */
export const MOST = 2953;

/** By version: error-correcting bytes of a block, and blocks. */
const ECC = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25];

/** Bytes of a version, the error-correcting ones among them. @param {number} v */
function room(v) {
  const align = v > 1 ? Math.floor(v / 7) + 2 : 0;
  return Math.floor(((16 * v + 128) * v + 64 - (align && (25 * align - 10) * align - 55) - (v > 6 ? 36 : 0)) / 8);
}

/** Where the small squares are centered. @param {number} v */
function alignments(v) {
  if (v === 1) return [];
  const n = Math.floor(v / 7) + 2;
  const step = Math.floor((v * 8 + n * 3 + 5) / (n * 4 - 4)) * 2;
  return [6, ...Array.from({ length: n - 1 }, (_, i) => 4 * v + 10 - (n - 2 - i) * step)];
}

// The field of 256 elements: powers of 2 modulo x⁸ + x⁴ + x³ + x² + 1.
const EXP = new Uint8Array(510);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++, x = (x << 1) ^ (x > 127 ? 0x11d : 0)) [EXP[i], EXP[i + 255], LOG[x]] = [x, x, i];
const times = (/** @type {number} */ a, /** @type {number} */ b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);

/** The error-correcting bytes of a block. @param {Uint8Array} block @param {number} n */
function correction(block, n) {
  let divisor = new Uint8Array(n);
  divisor[n - 1] = 1;
  for (let i = 0; i < n; i++) divisor = divisor.map((d, j) => times(d, EXP[i]) ^ (divisor[j + 1] ?? 0));
  let rest = new Uint8Array(n);
  for (const b of block) {
    const lead = b ^ rest[0];
    rest = rest.map((_, j) => (rest[j + 1] ?? 0) ^ times(divisor[j], lead));
  }
  return rest;
}

/** Length and data, filled up, in blocks with their correction, interleaved. @param {Uint8Array} data @param {number} v */
function codewords(data, v) {
  const [ecc, blocks, all] = [ECC[v - 1], BLOCKS[v - 1], room(v)];
  const size = all - ecc * blocks;
  const wide = v > 9;
  const bytes = new Uint8Array(size);
  // Four bits say "bytes", so that everything behind them is shifted by half a byte.
  const nibbles = [4, ...(wide ? [data.length >> 12, (data.length >> 8) & 15] : []), (data.length >> 4) & 15, data.length & 15];
  for (const b of data) nibbles.push(b >> 4, b & 15);
  if (nibbles.length < 2 * size) nibbles.push(0);
  nibbles.forEach((n, i) => (bytes[i >> 1] |= i & 1 ? n : n << 4));
  for (let i = Math.ceil(nibbles.length / 2), pad = 0xec; i < size; i++, pad ^= 0xfd) bytes[i] = pad;
  const short = Math.floor(size / blocks);
  const list = [];
  for (let i = 0, at = 0; i < blocks; i++) {
    const block = bytes.subarray(at, (at += short + (i >= blocks - (size % blocks) ? 1 : 0)));
    list.push({ block, ecc: correction(block, ecc) });
  }
  const out = [];
  for (let i = 0; i <= short; i++) for (const { block } of list) if (i < block.length) out.push(block[i]);
  for (let i = 0; i < ecc; i++) for (const b of list) out.push(b.ecc[i]);
  return out;
}

/** @type {((x: number, y: number) => number)[]} */
const MASKS = [
  (x, y) => (x + y) % 2, (_, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3, (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3), (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/**
 * Rows of modules, true for dark ones, without the light border of four that belongs around them.
 * @param {string | Uint8Array} content @param {number} [mask] one of eight; the one that cameras like best unless told
 * @returns {boolean[][]}
 */
export function qr(content, mask) {
  const data = typeof content === 'string' ? utf8(content) : content;
  let v = 1;
  while (v <= 40 && room(v) - ECC[v - 1] * BLOCKS[v - 1] < data.length + (v > 9 ? 3 : 2)) v++;
  if (v > 40) throw new RangeError('too much for a QR code');
  const code = new Code(v, codewords(data, v));
  if (mask !== undefined) return code.masked(mask);
  const all = MASKS.map((_, m) => code.masked(m));
  return all.reduce((best, one) => (penalty(one) < penalty(best) ? one : best));
}

class Code {
  /** @param {number} v @param {number[]} words */
  constructor(v, words) {
    this.v = v;
    this.size = 4 * v + 17;
    /** Undefined where there is data. @type {(boolean | undefined)[][]} */
    this.fixed = Array.from({ length: this.size }, () => Array(this.size).fill(undefined));
    this.patterns();
    this.data = this.zigzag(words);
  }

  /** @param {number} x @param {number} y @param {unknown} dark */
  set(x, y, dark) {
    this.fixed[y][x] = Boolean(dark);
  }

  patterns() {
    const { v, size } = this;
    for (let i = 0; i < size; i++) {
      this.set(6, i, i % 2 === 0);
      this.set(i, 6, i % 2 === 0);
    }
    for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]]) {
      for (let dy = -4; dy <= 4; dy++) {
        for (let dx = -4; dx <= 4; dx++) {
          const far = Math.max(Math.abs(dx), Math.abs(dy));
          if (this.fixed[cy + dy] && cx + dx >= 0 && cx + dx < size) this.set(cx + dx, cy + dy, far !== 2 && far !== 4);
        }
      }
    }
    const at = alignments(v);
    const end = size - 7;
    for (const cx of at) {
      for (const cy of at) {
        if ((cx === 6 && (cy === 6 || cy === end)) || (cx === end && cy === 6)) continue;
        for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) this.set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
      }
    }
    this.format(0);
    if (v < 7) return;
    let rest = v;
    for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
    const bits = (v << 12) | rest;
    for (let i = 0; i < 18; i++) {
      const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
      this.set(a, b, (bits >> i) & 1);
      this.set(b, a, (bits >> i) & 1);
    }
  }

  /** @param {number} mask */
  format(mask) {
    const what = (1 << 3) | mask;
    let rest = what;
    for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
    const bits = ((what << 10) | rest) ^ 0x5412;
    const { size } = this;
    for (let i = 0; i < 15; i++) {
      const bit = (bits >> i) & 1;
      if (i < 8) this.set(8, i < 6 ? i : i + 1, bit);
      else this.set(i === 8 ? 7 : 14 - i, 8, bit);
      if (i < 8) this.set(size - 1 - i, 8, bit);
      else this.set(8, size - 15 + i, bit);
    }
    this.set(8, size - 8, true);
  }

  /** The data's modules, in pairs of columns from the right, up and down. @param {number[]} words */
  zigzag(words) {
    const { size } = this;
    /** @type {[number, number, boolean][]} */ const out = [];
    for (let right = size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      for (let i = 0; i < size; i++) {
        for (const x of [right, right - 1]) {
          const y = (right + 1) & 2 ? i : size - 1 - i;
          if (this.fixed[y][x] === undefined) out.push([x, y, (((words[out.length >> 3] ?? 0) >> (7 - (out.length & 7))) & 1) === 1]);
        }
      }
    }
    return out;
  }

  /** @param {number} mask @returns {boolean[][]} */
  masked(mask) {
    this.format(mask);
    const rows = /** @type {boolean[][]} */ (this.fixed.map((r) => r.slice()));
    for (const [x, y, dark] of this.data) rows[y][x] = dark !== (MASKS[mask](x, y) === 0);
    return rows;
  }
}

/** How hard it is to read: long runs, squares, what looks like a corner, and too much of one shade. @param {boolean[][]} rows */
function penalty(rows) {
  const size = rows.length;
  let sum = 0;
  let dark = 0;
  for (const lines of [rows, rows.map((_, i) => rows.map((r) => r[i]))]) {
    for (const line of lines) {
      const text = line.map(Number).join('');
      for (const run of text.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
      for (let i = 0; i + 11 <= size; i++) if (['10111010000', '00001011101'].includes(text.slice(i, i + 11))) sum += 40;
    }
  }
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      dark += Number(rows[y][x]);
      if (y && x && rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x - 1]) sum += 3;
    }
  }
  return sum + 10 * Math.floor(Math.abs(dark * 20 - size * size * 10) / (size * size));
}
