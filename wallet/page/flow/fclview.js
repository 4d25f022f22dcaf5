// @ts-check
/**
 * FCL's view protocol, as a wallet in a popup speaks it: one request, one answer. The request has to come from the window
 * that opened this one; the answer goes to the origin that the browser says it came from, and nowhere else.
 */
import { Trouble } from '../words.js';

/** @typedef {{origin: string, type: string, body: any, network: string}} Request type: of the service; network: as the app says */

const READY = 'FCL:VIEW:READY';
const REQUEST = 'FCL:VIEW:READY:RESPONSE';
const RESPONSE = 'FCL:VIEW:RESPONSE';
const CLOSE = 'FCL:VIEW:CLOSE';

/** An origin that can be answered: a page in a sandbox has none, and extensions are not apps. @param {unknown} origin */
export function answerable(origin) {
  try {
    const url = new URL(String(origin));
    return (url.protocol === 'https:' || url.protocol === 'http:') && url.origin === origin;
  } catch {
    return false;
  }
}

/** @param {unknown} v @returns {any} */
const object = (v) => (typeof v === 'object' && v !== null ? v : {});

export class View {
  #origin = '';
  #answered = false;

  /** @param {Pick<Window, 'addEventListener' | 'opener'>} own */
  constructor(own) {
    this.own = own;
    /** @type {Window | null} */ this.opener = own.opener;
  }

  /** Nobody is there to be answered. */
  get gone() {
    return !this.opener || this.opener.closed;
  }

  get answered() {
    return this.#answered;
  }

  /** The one request. Whatever comes after it is not looked at: what a person reads does not change under their eyes. @returns {Promise<Request>} */
  request() {
    return new Promise((resolve, reject) => {
      const opener = this.opener;
      if (!opener || opener.closed) {
        throw new Trouble('No app has opened this window.', 'This page answers apps that use this wallet. Your account is on the page for Flow.');
      }
      this.own.addEventListener('message', (e) => {
        const said = object(e.data);
        if (e.source !== opener || this.#origin || said.type !== REQUEST) return;
        if (!answerable(e.origin)) return reject(new Trouble('The app does not say where it is from.', 'It runs in a sandbox, or in an extension. Nothing was answered.'));
        this.#origin = e.origin;
        resolve({ origin: e.origin, type: String(object(said.service).type).slice(0, 40), body: said.body, network: String(object(object(said.config).client).network ?? '').slice(0, 40) });
      });
      opener.postMessage({ type: READY }, '*'); // it says nothing, and to whom is not known yet
    });
  }

  /** @param {object} message */
  #send(message) {
    if (this.#answered) throw new Trouble('The app has its answer.', 'Close this window.');
    if (!this.opener || this.opener.closed || !this.#origin) throw new Trouble('The app has gone.', 'Its window was closed. Nothing was handed over.');
    this.opener.postMessage(message, this.#origin);
    this.#answered = true;
  }

  /** @param {object} data */
  approve(data) {
    this.#send({ type: RESPONSE, f_type: 'PollingResponse', f_vsn: '1.0.0', status: 'APPROVED', reason: null, data });
  }

  /** @param {string} reason */
  decline(reason) {
    this.#send({ type: RESPONSE, f_type: 'PollingResponse', f_vsn: '1.0.0', status: 'DECLINED', reason, data: null });
  }

  /** The window goes, without an answer. */
  close() {
    this.#send({ type: CLOSE });
  }
}
