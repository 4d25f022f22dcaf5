// @ts-check
/** Handing a text over: as a link whose fragment no server sees, as a QR code, copied, in a file. */
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

/** A link to one of the pages that carries a text. @param {string} page @param {string} name @param {string} text */
export const link = (page, name, text) => `${location.origin}/${page}#${name}=${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;

/** The text that a link, or the text itself, carries. @param {string} given @param {string} name */
export function carried(given, name) {
  const t = given.trim();
  const at = t.indexOf(`#${name}=`);
  return at < 0 ? t : t.slice(at + name.length + 2);
}

/** Base64 as it was before it went into a link. @param {string} text */
export function unlinked(text) {
  const t = text.replaceAll('-', '+').replaceAll('_', '/').replace(/\s+/g, '');
  return t.padEnd(Math.ceil(t.length / 4) * 4, '=');
}

/** The fragment that this page was opened with; it does not stay in the address. @param {string} name */
export function fragment(name) {
  const found = location.hash.startsWith(`#${name}=`) ? location.hash.slice(name.length + 2) : undefined;
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
