// PASS, FAIL and SKIP lines: what a script claims, one line each. A FAIL makes the exit code 1.
export const pass = (name) => console.log(`PASS ${name}`)
export const skip = (name, why) => console.log(`SKIP ${name}: ${why}`)
export function fail(name, why) {
  const compared = why?.generatedMessage && ['actual', 'expected'].map((k) => `${k} ${String(why[k]).slice(0, 200)}`).join(', ')
  console.log(`FAIL ${name}: ${(compared || String(why?.shortMessage ?? why?.message ?? why)).split('\n')[0]}`)
  process.exitCode = 1
}

/** claim runs f and prints PASS with the name, and what f returns, or FAIL with the reason. It returns whether it held. */
export async function claim(name, f) {
  try {
    const detail = await f()
    pass(detail === undefined ? name : `${name}: ${detail}`)
    return true
  } catch (e) {
    fail(name, e)
    if (process.env.VERBOSE) console.error(e)
    return false
  }
}
