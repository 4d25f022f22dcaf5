// Runs every claim of compatibility, two scripts at a time, and prints what they print: PASS, FAIL and SKIP lines and
// tables of gas. Exit code 1 if anything failed, ended otherwise than it should, or claimed nothing.
//
//   node interop/js/run.mjs [part of a script's name …]
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = new URL('.', import.meta.url).pathname
const limit = 170_000 // milliseconds for one script

/** The longest first: the last one to end decides how long all takes. */
const scripts = [
  ['hybrid/journey.mjs'],
  ['stand/check.mjs'],
  ['entrypoints/send.mjs', 'osaka'],
  ['entrypoints/send.mjs', 'prague'],
  ['hybrid/contracts.mjs'],
  ['kernel/grants.mjs'],
  ['kernel/documents.mjs'],
  ['kernel/granted.mjs'],
  ['matrix/metamask.mjs'],
  ['matrix/openzeppelin.mjs'],
  ['matrix/safe.mjs'],
  ['matrix/solady.mjs'],
  ['entrypoints/hashes.mjs'],
  ['hybrid/kit.mjs', '--check'],
  ['hybrid/accepts.mjs'],
  ['kernel/refused.mjs'],
  ['kernel/owners.mjs'],
  ['kernel/known.mjs'],
]

const wanted = process.argv.slice(2)
const queue = scripts.filter(([file]) => !wanted.length || wanted.some((w) => file.includes(w)))
if (!queue.length) throw new Error(`no script has ${wanted.join(' or ')} in its name`)
if (!existsSync(join(here, 'node_modules/viem'))) throw new Error('packages are missing: run npm ci in interop/js')

const started = Date.now()
const seconds = (since) => ((Date.now() - since) / 1000).toFixed(1)
const bin = mkdtempSync(join(tmpdir(), 'postern-'))
process.once('exit', () => rmSync(bin, { recursive: true, force: true }))
const children = new Set()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => { for (const c of children) c.kill('SIGTERM'); process.exit(1) })
}
const env = { ...process.env, DO_NOT_TRACK: '1' }
for (const [name, source] of [['POSTERN', './cmd/postern'], ['KERNELORACLE', './internal/kerneloracle']]) {
  if (env[name]) continue
  env[name] = join(bin, name)
  execFileSync('go', ['build', '-o', env[name], source], { cwd: join(here, '../..'), env: { ...env, CGO_ENABLED: '0' }, stdio: ['ignore', 'inherit', 'inherit'] })
  console.log(`${source} is built (${seconds(started)} s)`)
}

const totals = { PASS: 0, FAIL: 0, SKIP: 0 }
const loud = []

/** run runs one script to its end and counts its lines. */
async function run([file, ...args]) {
  const name = [file, ...args].join(' '), since = Date.now()
  const child = spawn(process.execPath, [join(here, file), ...args], { cwd: here, env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (t) => { text += t })
  const timer = setTimeout(() => { text += `\nFAIL ${name}: not at its end after ${limit / 1000} s\n`; child.kill('SIGTERM') }, limit)
  const code = await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  children.delete(child)
  const lines = text.split('\n').filter((l) => /^(PASS|FAIL|SKIP) /.test(l))
  const count = (kind) => lines.filter((l) => l.startsWith(kind)).length
  if (code !== 0 && !count('FAIL')) lines.push(`FAIL ${name}: ended with ${code}`)
  if (!lines.length) lines.push(`FAIL ${name}: claims nothing`)
  console.log(`\n── ${name} (${seconds(since)} s)\n${text.trimEnd()}`)
  for (const kind of Object.keys(totals)) totals[kind] += count(kind)
  loud.push(...lines.filter((l) => !l.startsWith('PASS')))
}

await Promise.all([0, 1].map(async () => { while (queue.length) await run(queue.shift()) }))

console.log(`\n${totals.PASS} claims hold, ${totals.FAIL} fail, ${totals.SKIP} were skipped; ${seconds(started)} s`)
for (const line of loud) console.log(line.startsWith('SKIP') ? `SKIPPED, NOT PASSED: ${line.slice(5)}` : line)
if (loud.some((l) => l.startsWith('FAIL'))) process.exitCode = 1
