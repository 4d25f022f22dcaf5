// @ts-check
/** The chain as this page sees it: our own accounts, and what its owner may sign here. */
import { Own } from '../approve.js';
import { RpcError, json } from '../rpc.js';
import { Trouble } from '../words.js';

/** @typedef {import('../operate.js').Config & {auditUrl?: string}} Config */

export class Guarded extends Own {
  /** @param {Config} config @param {Uint8Array} rpIdHash */
  constructor(config, rpIdHash) {
    super(config, rpIdHash);
    this.auditUrl = config.auditUrl;
  }

  /**
   * What would lock an account, and what would lose it, as the server works it out.
   * @param {string} account @param {object | string} [facts]
   */
  async audit(account, facts) {
    if (!this.auditUrl) throw new Trouble('This server cannot tell what would lock an account.', 'Start a newer “postern up”, or use “postern audit” on the command line.');
    const reply = await json(this.auditUrl, { account, facts }).catch((e) => {
      if (e instanceof RpcError && e.kind === 'refused') throw new Trouble(`${e.message[0].toUpperCase()}${e.message.slice(1)}.`, e.hint ? `${e.hint[0].toUpperCase()}${e.hint.slice(1)}.` : 'Try again.');
      throw e;
    });
    if (!Array.isArray(reply.report?.rows) || reply.report.format !== 'postern-audit-1') throw new Trouble('The server’s report cannot be read.', 'Reload this page; it may be of another version than the server.');
    return reply;
  }
}
