// Linux's /proc: who is whose child, and who listens where.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const or = (fallback, f) => { try { return f() } catch { return fallback } } // processes end while one looks
const stat = (pid) => or('', () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1])

/** descendants lists a process, its children and theirs. */
export function descendants(pid) {
  const parents = readdirSync('/proc').filter((p) => /^\d+$/.test(p)).map((p) => [Number(p), Number(stat(p).split(' ')[1])])
  const out = [pid]
  for (let i = 0; i < out.length; i++) out.push(...parents.filter(([, parent]) => parent === out[i]).map(([p]) => p))
  return out
}

/** listeners are the local addresses (hex, as the kernel has them) on which a process accepts connections. */
export function listeners(pid) {
  const own = new Set(or([], () => readdirSync(`/proc/${pid}/fd`)).map((fd) => or('', () => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))[1])))
  return ['tcp', 'tcp6'].flatMap((kind) => or('', () => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8')).trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/)).filter((f) => f[3] === '0A' && own.has(f[9])).map((f) => f[1].split(':')[0])
}

/** alive is false for zombies. */
export const alive = (pid) => /^[^Z]/.test(stat(pid))
