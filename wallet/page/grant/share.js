// @ts-check
/** Handing a text over: as a link whose fragment no server sees, as a QR code, copied, in a file. */
import { MalformedError, concat, fromBase64url, toBase64url, utf8 } from '../bytes.js';
import { parseFunction, selector, written } from '../functions.js';
import { MOST, qr } from '../qr.js';
import { $, status } from '../view.js';

const SVG = 'http://www.w3.org/2000/svg';

/** Draws a QR code, dark on light whatever the page's colors; says whether it fits into one. @param {string} id @param {string} text */
export function draw(id, text) {
  $(id).replaceChildren();
  $(id).hidden = text.length > MOST;
  if (text.length > MOST) return false;
  const rows = qr(text);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `-4 -4 ${rows.length + 8} ${rows.length + 8}`);
  svg.setAttribute('shape-rendering', 'crispEdges');
  svg.setAttribute('aria-hidden', 'true'); // the box around it has the name
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join(''));
  svg.append(path);
  $(id).append(svg);
  return true;
}

/** A link to one of the pages that carries a text. @param {string} page @param {string} name_ @param {string} text of base64url's alphabet and points */
export const link = (page, name_, text) => `${location.origin}/${page}#${name_}=${text}`;

/** The text that a link, or the text itself, carries. @param {string} given @param {string} name_ */
export function carried(given, name_) {
  const t = given.trim();
  const at = t.indexOf(`#${name_}=`);
  return at < 0 ? t : t.slice(at + name_.length + 2);
}

const MOST_TEXT = 500_000;

/** An approval small enough for a QR code: compressed, with the functions as their owner wrote them. @param {string} text @param {string[]} functions */
export async function packed(text, functions) {
  const stream = new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), ...functions.map((f) => '\0' + f)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return 'z.' + toBase64url(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/** An approval as a person pasted it: the document, or what {@link packed} made of it, alone or in a link. @param {string} given @returns {Promise<{text: string, functions: string[]}>} */
export async function unpacked(given) {
  const t = carried(given, 'approval');
  if (!t.startsWith('z.')) {
    const plain = t.replace(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/');
    return { text: plain.padEnd(Math.ceil(plain.length / 4) * 4, '='), functions: [] };
  }
  const reader = new Blob([fromBase64url(t.slice(2))]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  let out = new Uint8Array();
  for (;;) {
    const { value, done } = await reader.read().catch(() => {
      throw new MalformedError('the link is cut off');
    });
    if (done) break;
    if (out.length + value.length > MOST_TEXT) throw new MalformedError('the document is too long');
    out = concat(out, value);
  }
  const [json, ...functions] = new TextDecoder().decode(out).split('\0');
  return { text: btoa(Array.from(utf8(json), (v) => String.fromCharCode(v)).join('')), functions };
}

/** Functions that the policies call, as a person reads them. @param {import('../policies.js').Policy[]} policies */
export const functionsIn = (policies) => policies.flatMap((p) => (p.kind === 'call' ? p.permissions.flatMap((q) => (q.fn ? [written(q.fn)] : [])) : []));

/** Names the functions of policies that came from bytes, as far as these are theirs: the selector proves it. @param {import('../policies.js').Policy[]} policies @param {string[]} functions */
export function name(policies, functions) {
  for (const text of functions) {
    try {
      const fn = parseFunction(text);
      for (const p of policies) if (p.kind === 'call') for (const q of p.permissions) if (q.selector === selector(fn)) q.fn = fn;
    } catch {
      // no function: it names nothing
    }
  }
  return policies;
}

/** The fragment that this page was opened with; it does not stay in the address. @param {string} name_ */
export function fragment(name_) {
  const found = location.hash.startsWith(`#${name_}=`) ? location.hash.slice(name_.length + 2) : undefined;
  if (found) history.replaceState(null, '', location.pathname);
  return found;
}

/** @param {string} text @param {string} what */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    status(`${what} copied.`);
  } catch {
    status('Your browser does not let this page copy. Mark the text and copy it yourself.');
  }
}
