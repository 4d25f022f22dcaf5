// Starts the stand for a script, and ends it with the script.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** startStand returns what stand.mjs prints, and close(). Options are those of stand.mjs, as an array. */
export async function startStand(options = []) {
  const child = spawn(process.execPath, [new URL('stand.mjs', import.meta.url).pathname, ...options], {
    stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, DO_NOT_TRACK: '1' },
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const line = await Promise.race([
    new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    ended.then((code) => { throw new Error(`the stand ended with ${code}`) }),
  ])
  child.unref()
  child.stdin.unref()
  child.stdout.unref()
  return { ...JSON.parse(line), close: () => { child.ref(); child.stdin.end(); return ended } }
}
