// Every way to be told something else: for the proof that a comparison can fail.

/** changed yields copies of v, each with one value changed. */
export function* changed(v) {
  if (typeof v === 'boolean') yield !v
  else if (typeof v === 'number' || typeof v === 'bigint') yield v ? v - v / v : ++v
  else if (typeof v === 'string' && v.startsWith('0x')) yield v === '0x' ? '0x00' : v.slice(0, -1) + (parseInt(v.at(-1), 16) ^ 1).toString(16)
  else if (typeof v === 'string' && v.includes('(')) {
    yield 'q' + v
    if (v.includes(' where ')) yield* [v.split(' where ')[0], v.replace(/(?<= where \w+) (=|!=|[<>]=?) /, (_, op) => (op === '=' ? ' != ' : ' = ')), v.replace(/true|false|"|(\d)(?=\D*$)/, (x, d) => (d ? (Number(d) + 1) % 10 : { true: 'false', false: 'true' }[x] ?? '"~'))].filter((x) => x !== v)
  } else if (typeof v === 'string') yield /\d/.test(v) ? v.replace(/\d(?=\D*$)/, (d) => (Number(d) + 1) % 10) : v + '!'
  else if (Array.isArray(v) && v.length) yield v.slice(1)
  if (v && typeof v === 'object') {
    for (const k of Object.keys(v)) for (const c of changed(v[k])) yield Array.isArray(v) ? v.with(k, c) : { ...v, [k]: c }
  }
}
