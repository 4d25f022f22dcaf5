// A passkey in software for the kit: what navigator.credentials.get would return, from a fixed key and with the
// client data that different platforms write. Signatures are deterministic (RFC 6979) and not brought to low s:
// that is the kit's work.
import { p256 } from '@noble/curves/nist'
import { sha256 } from '@noble/hashes/sha2'
import { concatBytes, hexToBytes, keccak256, stringToBytes, stringToHex, toHex } from 'viem'
import { toWebAuthnAccount } from 'viem/account-abstraction'

const base64url = (bytes) => Buffer.from(bytes).toString('base64url')

/** clientData writes the JSON that a platform's client writes for a challenge. */
export const clientData = {
  chrome: (challenge, origin) => `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}","crossOrigin":false}`,
  chromeExtra: (challenge, origin) => `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}","crossOrigin":false,` +
    '"other_keys_can_be_added_here":"do not compare clientDataJSON against a template. See https://goo.gl/yabPex"}',
  safari: (challenge, origin) => `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}"}`,
  embedded: (challenge, origin) => `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}","crossOrigin":true,"topOrigin":"https://shop.example"}`,
  // Android's WebView escapes slashes and names the app.
  android: (challenge, origin) => `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin.replaceAll('/', '\\/')}","androidPackageName":"com.android.chrome"}`,
  androidApp: (challenge) => `{"type":"webauthn.get","challenge":"${challenge}","origin":"android:apk-key-hash:IwX8b3HZ3bHjpyw9BOZKNdVCJsuKGSyYhsBLW9d5hV0","androidPackageName":"com.example.wallet"}`,
  // As Firefox wrote it before it serialised as the specification does: the type comes last.
  typeLast: (challenge, origin) => `{"challenge":"${challenge}","clientExtensions":{},"hashAlgorithm":"SHA-256","origin":"${origin}","type":"webauthn.get"}`,
}

/** Flags of authenticator data. */
export const flags = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, ED: 0x80 }

/**
 * softPasskey makes a passkey. idLength is the credential ID's, in bytes; set is the flags byte; extensions are the
 * CBOR bytes behind the counter.
 */
export function softPasskey({ privateKey, idLength = 20, client = 'chrome', origin = 'http://localhost:5173', rpId = 'localhost', set = 0x1d, counter = 0, extensions = '0x' }) {
  const secret = hexToBytes(privateKey)
  const publicKey = toHex(p256.getPublicKey(secret, false).slice(1))
  const rawId = hexToBytes(keccak256(publicKey)).slice(0, Math.min(idLength, 32))
  const id = base64url(idLength > 32 ? concatBytes(Array.from({ length: Math.ceil(idLength / 32) }, () => rawId)).slice(0, idLength) : rawId)
  const assertions = []
  const head = new Uint8Array(5)
  head[0] = set
  new DataView(head.buffer).setUint32(1, counter)
  const authenticatorData = concatBytes([sha256(stringToBytes(rpId)), head, hexToBytes(extensions)])

  async function getFn({ publicKey: request }) {
    const json = clientData[client](base64url(request.challenge), origin)
    const messageHash = sha256(concatBytes([authenticatorData, sha256(stringToBytes(json))]))
    const signature = p256.sign(messageHash, secret, { lowS: false })
    assertions.push({
      challenge: toHex(new Uint8Array(request.challenge)), authenticatorData: toHex(authenticatorData), clientDataJSON: json, messageHash: toHex(messageHash),
      r: toHex(signature.r, { size: 32 }), s: toHex(signature.s, { size: 32 }), der: '0x' + signature.toDERHex(),
    })
    const buffer = (bytes) => new Uint8Array(bytes).buffer
    return {
      id, type: 'public-key',
      response: { authenticatorData: buffer(authenticatorData), clientDataJSON: buffer(stringToBytes(json)), signature: buffer(signature.toDERRawBytes()) },
    }
  }
  const [x, y] = [publicKey.slice(2, 66), publicKey.slice(66)].map((h) => BigInt('0x' + h))
  return {
    privateKey, id, x, y, assertions, rpId, origin: JSON.parse(clientData[client]('', origin)).origin, client, flags: set,
    keyId: stringToHex(id), // the kit's documentation: toHex(credential.id)
    account: toWebAuthnAccount({ credential: { id, publicKey }, getFn, rpId }),
    sign: async (hash) => { await getFn({ publicKey: { challenge: hexToBytes(hash) } }); return assertions.at(-1) },
  }
}

/** describe is a passkey as test data: public parts and, being made up, the private key. */
export const describe = (p) => ({
  id: p.id, publicKey: toHex(p.x, { size: 32 }) + toHex(p.y, { size: 32 }).slice(2), x: toHex(p.x, { size: 32 }), y: toHex(p.y, { size: 32 }), priv: p.privateKey,
  keyId: p.keyId, keyIdHash: keccak256(stringToHex(p.keyId)), rpId: p.rpId, origin: p.origin, client: p.client, flags: p.flags,
})
