// A JSON-RPC client in twenty lines: what the stand itself needs of a node.

/** rpc returns a function (method, ...params) → result that posts to url and throws what the server refuses. */
export function rpc(url) {
  let id = 0
  return async (method, ...params) => {
    const reply = await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }),
    }).then((r) => r.json())
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`)
    return reply.result
  }
}

/** until calls f every few milliseconds until it returns something true, and throws after the given seconds. */
export async function until(what, seconds, f) {
  for (const end = Date.now() + seconds * 1000; ;) {
    const value = await f()
    if (value) return value
    if (Date.now() > end) throw new Error(`${what}: nothing after ${seconds} s`)
    await new Promise((r) => setTimeout(r, 10))
  }
}
