// @ts-check
/** JSON over HTTP to our own origin: JSON-RPC, and the plain POSTs of the passkey server. */

/** The other side said no, or nothing sensible. `kind`: network, timeout, garbled (no JSON), refused. */
export class RpcError extends Error {
  name = 'RpcError';
  /** @param {'network' | 'timeout' | 'garbled' | 'refused'} kind @param {string} message @param {{code?: number | string, data?: unknown, hint?: string, cause?: unknown}} [more] */
  constructor(kind, message, { code, data, hint, cause } = {}) {
    super(message, { cause });
    this.kind = kind;
    this.code = code;
    this.data = data;
    this.hint = hint;
  }
}

const LIMIT = 2_000_000; // characters of a reply

/** @param {string} url @param {unknown} [body] POST if given, else GET @param {number} [timeout] milliseconds @returns {Promise<any>} */
export async function json(url, body, timeout = 20_000) {
  const signal = AbortSignal.timeout(timeout);
  let status = 0;
  let text;
  try {
    const reply = await fetch(url, body === undefined ? { signal } : { signal, method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    status = reply.status;
    text = await reply.text();
  } catch (cause) {
    if (signal.aborted) throw new RpcError('timeout', `${url} did not answer within ${timeout / 1000} seconds`, { cause });
    throw new RpcError('network', `${url} cannot be reached`, { cause });
  }
  let value;
  try {
    value = text.length <= LIMIT ? JSON.parse(text) : undefined;
  } catch {
    // named below
  }
  if (typeof value !== 'object' || value === null) throw new RpcError('garbled', `${url} answered with status ${status} and no JSON`, { code: status });
  if (value.error && !('jsonrpc' in value)) {
    const { code = status, message = String(value.error), hint } = Object(value.error);
    throw new RpcError('refused', String(message), { code, hint });
  }
  return value;
}

let last = 0;

/** One JSON-RPC call. @param {string} url @param {string} method @param {unknown[]} [params] @returns {Promise<any>} */
export async function rpc(url, method, params = []) {
  const id = ++last;
  const reply = await json(url, { jsonrpc: '2.0', id, method, params });
  if (reply.error) {
    throw new RpcError('refused', String(reply.error.message ?? 'no reason given'), { code: reply.error.code, data: reply.error.data });
  }
  if (reply.id !== id || !('result' in reply)) throw new RpcError('garbled', `the answer to ${method} belongs to another question`);
  return reply.result;
}
