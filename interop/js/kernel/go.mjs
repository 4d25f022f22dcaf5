// Postern's side of the comparison: internal/kerneloracle, one JSON line per question.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** program is what run.mjs built, or else a new one that is gone with this process. */
function program() {
  if (process.env.KERNELORACLE) return process.env.KERNELORACLE
  const bin = mkdtempSync(join(tmpdir(), 'postern-oracle-')), file = join(bin, 'kerneloracle')
  process.once('exit', () => rmSync(bin, { recursive: true, force: true }))
  execFileSync('go', ['build', '-o', file, './internal/kerneloracle'], { cwd: new URL('../../..', import.meta.url).pathname, env: { ...process.env, CGO_ENABLED: '0' }, stdio: ['ignore', 'inherit', 'inherit'] })
  return file
}

/** Refused is Postern's answer to what it does not take. */
export class Refused extends Error {
  constructor({ error, hint, type, field }) { super(error); Object.assign(this, { hint, type, field }) }
}

/** start starts the program and returns ask(action, arguments), which answers or throws Refused, and stop. */
export function start() {
  const child = spawn(program(), { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const a = JSON.parse(line), { resolve, reject } = waiting.shift()
    if (a.error !== undefined) reject(new Refused(a))
    else resolve(a.ok)
  })
  child.once('close', (code) => { for (const w of waiting) w.reject(new Error(`kerneloracle ended with ${code}`)) })
  const ask = (action, args) => new Promise((resolve, reject) => {
    waiting.push({ resolve, reject })
    child.stdin.write(JSON.stringify({ do: action, args }, (_, v) => (typeof v === 'bigint' ? v.toString() : v)) + '\n')
  })
  return { ask, stop: () => child.stdin.end() }
}
