// The page without a browser: elements made of a few lines, one passkey with a
// real key, and a server that each test bends. Import it before the page's modules.
import './noble.js';
import { readFileSync } from 'node:fs';

const { concat, toBase64url, toHex, uint, utf8 } = await import('../page/bytes.js');

class Element {
  constructor(id = '') {
    this.id = id;
    this.hidden = false;
    this.value = '';
    this.kids = [];
    this.handlers = {};
    this.classList = { toggle() {} };
  }
  get textContent() { return this.kids.map((k) => k.textContent ?? k).join(' '); }
  set textContent(text) { this.kids = text ? [text] : []; }
  get children() { return this.kids; }
  append(...kids) { this.kids.push(...kids); }
  replaceChildren(...kids) { this.kids = kids; }
  addEventListener(type, f) { this.handlers[type] = f; }
  querySelector(q) { return el(this.id + q); }
  setAttribute() {}
  removeAttribute() {}
  scrollIntoView() {}
  focus() {}
}

const elements = new Map();

/** Puts another page on the stage, before its modules are imported. @param {string} page a file in wallet */
export function set(page) {
  elements.clear();
  const html = readFileSync(new URL(`../${page}`, import.meta.url), 'utf8');
  for (const [, tag, id, rest] of html.matchAll(/<(\w+) id="([\w-]+)"([^>]*)>/g)) elements.set(id, Object.assign(new Element(id), { tag, hidden: / hidden/.test(rest) }));
}
set('page/index.html');

/** @param {string} id */
export function el(id) {
  if (!elements.has(id)) elements.set(id, new Element(id));
  return elements.get(id);
}
const sections = () => [...elements.values()].filter((e) => e.tag === 'section');

/** The section on view, and what it says went wrong. */
export const view = () => sections().find((s) => !s.hidden).id;
export const problem = () => el(view() + '.problem').textContent;

export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** Waits for what a click brings about. @param {() => unknown} f */
export async function until(f) {
  for (let i = 0; i < 300; i++) {
    if (f()) return;
    await wait(10);
  }
  throw new Error(`waited for ${f}; on view: ${view()}: ${problem()} | ${el('status').textContent}`);
}

/** Does what a button does, and waits until the page is idle again. @param {string} id @param {string} [type] */
export async function press(id, type = 'click') {
  const { busy } = await import('../page/task.js');
  el(id).handlers[type]({ preventDefault() {} });
  await until(() => !busy());
}

const storage = () => {
  const kept = new Map();
  return { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => void kept.set(k, String(v)), removeItem: (k) => void kept.delete(k), clear: () => kept.clear(), get length() { return kept.size; } };
};

const sha256 = async (b) => new Uint8Array(await crypto.subtle.digest('SHA-256', b));
const rpIdHash = await sha256(utf8('localhost'));
const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));

/** The passkey, and what tests may change about its answers. */
export const passkey = {
  x: raw.slice(1, 33), y: raw.slice(33), id: Uint8Array.of(1, 2, 3),
  handle: /** @type {Uint8Array | undefined} */ (undefined),
  forgetful: false, // gives no user handle when no credential was named
  prompts: 0, asked: /** @type {any} */ (undefined),
  answer: /** @type {(response: any) => any} */ ((response) => response),
};

const clientData = (type, challenge) => utf8(JSON.stringify({ type, challenge: toBase64url(challenge), origin: location.origin, crossOrigin: false }));
const buffer = (b) => Uint8Array.from(b).buffer;

function der(signature) {
  const integer = (b) => {
    const short = b.subarray(Math.min(b.findIndex((v) => v), 31));
    const body = short[0] > 127 ? concat(Uint8Array.of(0), short) : short;
    return concat(Uint8Array.of(2, body.length), body);
  };
  const body = concat(integer(signature.subarray(0, 32)), integer(signature.subarray(32)));
  return concat(Uint8Array.of(0x30, body.length), body);
}

const credentials = {
  async create({ publicKey: p }) {
    passkey.prompts++;
    passkey.handle = new Uint8Array(p.user.id);
    const cose = concat(Uint8Array.of(0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20), passkey.x, Uint8Array.of(0x22, 0x58, 0x20), passkey.y);
    const authData = concat(rpIdHash, Uint8Array.of(0x45), new Uint8Array(20), uint(passkey.id.length, 2), passkey.id, cose);
    const word = (s) => concat(Uint8Array.of(0x60 + s.length), utf8(s));
    const attestation = concat(Uint8Array.of(0xa3), word('fmt'), word('none'), word('attStmt'), Uint8Array.of(0xa0), word('authData'), Uint8Array.of(0x58, authData.length), authData);
    return { rawId: buffer(passkey.id), type: 'public-key', getClientExtensionResults: () => ({}), response: { attestationObject: buffer(attestation), clientDataJSON: buffer(clientData('webauthn.create', p.challenge)) } };
  },
  async get({ publicKey: p }) {
    passkey.prompts++;
    passkey.asked = p;
    const authData = concat(rpIdHash, Uint8Array.of(5, 0, 0, 0, 0));
    const client = clientData('webauthn.get', p.challenge);
    const signature = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, concat(authData, await sha256(client))));
    return passkey.answer({
      rawId: buffer(passkey.id),
      response: { authenticatorData: buffer(authData), clientDataJSON: buffer(client), signature: buffer(der(signature)), userHandle: passkey.handle && !passkey.forgetful ? buffer(passkey.handle) : null },
    });
  },
};

const number = (n) => '0x' + n.toString(16);
const EVENT = 'UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)';

/** The chain and its bundler: operations it took, those that are mined, and replies that a test puts in the place of the usual ones. */
export const node = {
  nonce: 0n, code: /** @type {Record<string, string>} */ ({}), sent: /** @type {any[]} */ ([]),
  mined: /** @type {Record<string, any>} */ ({}), // by operation hash: {success}
  replies: /** @type {Record<string, (params: any[], usual: () => any) => any>} */ ({}),
};

/** A refusal, as JSON-RPC has it. */
export const refuse = (message, code = -32000) => { throw Object.assign(new Error(message), { code }); };

async function usual(method, params) {
  const { keccak } = await import('../page/abi.js');
  const word = (n) => uint(n, 32);
  switch (method) {
    case 'eth_chainId': return '0x7a69';
    case 'eth_getCode': return node.code[params[0]] ?? '0x';
    case 'eth_getBalance': return '0xde0b6b3a7640000';
    case 'eth_gasPrice': return '0x1';
    case 'eth_call': return toHex(word(params[0].data.startsWith('0x35567e1a') ? node.nonce : 0n));
    case 'pimlico_getUserOperationGasPrice': return { standard: { maxFeePerGas: '0x2', maxPriorityFeePerGas: '0x1' } };
    case 'eth_estimateUserOperationGas': return { callGasLimit: '0x1', verificationGasLimit: '0x1', preVerificationGas: '0x1' };
    case 'eth_sendUserOperation': {
      const { entryPoint, fromWire, hash } = await import('../page/userop.js');
      return toHex(hash(fromWire(params[0]), entryPoint('0.8'), 31337n));
    }
    case 'eth_getUserOperationByHash': return null;
    case 'eth_getUserOperationReceipt': return node.mined[params[0]] ? { userOpHash: params[0], success: node.mined[params[0]].success, actualGasCost: '0x5', actualGasUsed: '0x5', receipt: { transactionHash: '0x' + 'ab'.repeat(32), blockNumber: '0x1' } } : null;
    case 'eth_getTransactionReceipt': return {
      transactionHash: params[0], blockNumber: '0x1', status: '0x1', logs: Object.entries(node.mined).map(([hash, { success }]) => ({
        address: '0x4337084d9e255ff0702461cf8895ce9e3b5ff108', topics: [toHex(keccak(utf8(EVENT))), hash, toHex(word(0n)), toHex(word(0n))],
        data: toHex(concat(word(0n), word(success ? 1n : 0n), word(7n), word(9n))),
      })),
    };
    default: return refuse(`no ${method}`, -32601);
  }
}

Object.defineProperty(globalThis, 'navigator', { value: { credentials }, configurable: true });
Object.assign(globalThis, {
  isSecureContext: true,
  PublicKeyCredential: function PublicKeyCredential() {},
  location: { origin: 'http://localhost:8080', hostname: 'localhost' },
  localStorage: storage(), sessionStorage: storage(),
  scrollTo() {},
  document: { visibilityState: 'visible', getElementById: el, createElement: () => new Element(), querySelectorAll: (q) => (q.startsWith('main') ? sections() : []) },
  async fetch(url, init) {
    const body = init?.body ? JSON.parse(init.body) : {};
    const reply = (value) => ({ status: 200, text: async () => JSON.stringify(value) });
    if (url.endsWith('/register/options')) return reply({ userId: 'u', options: { rp: { id: 'localhost', name: 'x' }, user: { id: body.userHandle, name: 'a', displayName: 'a' }, challenge: toBase64url(new Uint8Array(32)) } });
    if (url.endsWith('/register/verify')) return reply(node.replies.verify ? await node.replies.verify([body]) : { verified: true });
    const { id, method, params } = body;
    if (method === 'eth_sendUserOperation') node.sent.push(params[0]);
    try {
      const plain = () => usual(method, params);
      return reply({ jsonrpc: '2.0', id, result: await (node.replies[method] ?? ((_, u) => u()))(params, plain) });
    } catch (e) {
      if (e.code === undefined) throw e; // the line is cut
      return reply({ jsonrpc: '2.0', id, error: { code: e.code, message: e.message } });
    }
  },
});

/** Loads the page's modules and signs nobody in. */
export async function open() {
  const { Chain } = await import('../page/operate.js');
  const { state } = await import('../page/state.js');
  state.chain = await Chain.open({ chainId: 31337, rpId: 'localhost', rpName: 'x', entryPoint: { version: '0.8', address: '0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108' }, factory: '0x' + 'aa'.repeat(20), implementation: '0x' + 'cc'.repeat(20), proxyInitCodeHash: '0x' + 'bb'.repeat(32), rpcUrl: '/rpc', passkeyUrl: '/passkeys' });
  await Promise.all(['create', 'send', 'signin', 'home'].map((m) => import(`../page/${m}.js`)));
  return state;
}

/** As app.js does when somebody leaves. */
export function restart(state) {
  state.session = undefined;
  for (const s of sections()) s.hidden = s.id !== 'start';
}
