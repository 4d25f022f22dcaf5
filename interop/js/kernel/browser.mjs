// The browser that ZeroDev's packages find: @simplewebauthn/browser asks navigator.credentials.get, and passkeys in
// software answer, with the client data that Chromium writes. Signatures are deterministic (RFC 6979) and not brought
// to low s: that is the packages' work.
import { p256 } from '@noble/curves/nist'
import { sha256 } from '@noble/hashes/sha2'
import assert from 'node:assert/strict'
import { concatBytes, hexToBytes, keccak256, stringToBytes, toHex } from 'viem'

const rpId = 'localhost'
/** page is the one that asks. */
export const page = { origin: 'http://localhost:5173' }
const base64url = (bytes) => Buffer.from(bytes).toString('base64url')
const buffer = (bytes) => new Uint8Array(bytes).buffer
const authenticatorData = concatBytes([sha256(stringToBytes(rpId)), Uint8Array.of(0x1d, 0, 0, 0, 0)])
const passkeys = new Map()

/** prompts counts how often somebody was asked. */
export const prompts = { count: 0 }

globalThis.window ??= globalThis
globalThis.PublicKeyCredential ??= class PublicKeyCredential {}
globalThis.navigator ??= {}
globalThis.navigator.credentials = {
  async get({ publicKey: { challenge, allowCredentials, userVerification } }) {
    assert.equal(userVerification, 'required')
    const id = base64url(allowCredentials[0].id), secret = passkeys.get(id)
    assert.ok(secret, 'the page asks for a passkey that nobody has')
    prompts.count++
    const json = `{"type":"webauthn.get","challenge":"${base64url(challenge)}","origin":"${page.origin}","crossOrigin":false}`
    const signature = p256.sign(sha256(concatBytes([authenticatorData, sha256(stringToBytes(json))])), secret, { lowS: false })
    return {
      id, rawId: buffer(allowCredentials[0].id), type: 'public-key', getClientExtensionResults: () => ({}),
      response: { authenticatorData: buffer(authenticatorData), clientDataJSON: buffer(stringToBytes(json)), signature: buffer(signature.toDERRawBytes()) },
    }
  },
}

/** passkey makes one: what ZeroDev's packages call a WebAuthnKey, and what Go is told of it. */
export function passkey(secret, idLength = 20) {
  const publicKey = toHex(p256.getPublicKey(hexToBytes(secret), false).slice(1))
  const id = hexToBytes(keccak256(publicKey)).slice(0, idLength), text = base64url(id)
  passkeys.set(text, hexToBytes(secret))
  return {
    go: { kind: 'webauthn', secret, id: toHex(id) },
    webAuthnKey: {
      pubX: BigInt(publicKey.slice(0, 66)), pubY: BigInt('0x' + publicKey.slice(66)), authenticatorId: text,
      authenticatorIdHash: keccak256(id), rpID: rpId,
    },
  }
}
