// Child processes that never outlive this one, however it ends: Node children by their IPC channel, others by a
// shell that kills them when its standard input closes.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

const children = new Set()

/** The environment of every child: no telemetry, no proxy between loopback addresses, nothing of our options. */
const env = { ...process.env, DO_NOT_TRACK: '1', OTEL_SDK_DISABLED: 'true', SENTRY_DSN: '', NO_PROXY: '*', no_proxy: '*' }
for (const name of Object.keys(env)) if (/^(ALTO_|ANVIL_|FOUNDRY_|NODE_OPTIONS$)/.test(name)) delete env[name]

function keep(name, child) {
  const entry = { name, child, tail: [], closed: new Promise((r) => child.once('exit', r)) }
  children.add(entry)
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => { entry.tail.push(text); if (entry.tail.length > 40) entry.tail.shift() })
  }
  child.once('exit', (code) => { children.delete(entry); child.stdin?.destroy(); entry.onexit?.(code) })
  return entry
}

// cat ends when this process does, and then the program; sh passes the program's exit code on.
const guard = 'exec 3<&0; "$@" </dev/null & p=$!; (cat <&3; kill $p) >/dev/null 2>&1 & w=$!; wait $p; c=$?; kill $w; exit $c'

/** program starts a program that knows nothing of us. */
export function program(name, file, args) {
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm ci in interop/js`)
  return keep(name, spawn('/bin/sh', ['-c', guard, 'sh', file, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] }))
}

/** nodeProgram starts a Node program behind ./preload.mjs: it listens on loopback only and ends with us. */
export function nodeProgram(name, file, args) {
  const child = spawn(process.execPath, ['--import', new URL('preload.mjs', import.meta.url).href, file, ...args], {
    env, cwd: new URL('.', import.meta.url), stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  return keep(name, child)
}

/** stop ends all children and waits for them. */
export async function stop() {
  const all = [...children]
  for (const { child } of all) {
    if (child.stdin) child.stdin.end()
    else child.kill('SIGTERM')
  }
  const late = setTimeout(() => { for (const { child } of all) child.kill('SIGKILL') }, 2000)
  await Promise.all(all.map((c) => c.closed))
  clearTimeout(late)
}
