// Verdicts of @simplewebauthn/server on assertions, for comparison with package passkey.
//
// Reads one JSON object per line from standard input:
//   {"assertion": AuthenticationResponseJSON text, "key": COSE key in base64url,
//    "rule": {"rpId", "origins", "challenge" in base64url, "uv": true if required}}
// and writes one per line: {"ok": true} or {"ok": false, "error": "…"}.
import { createInterface } from "node:readline";
import { verifyAuthenticationResponse } from "@simplewebauthn/server";

for await (const line of createInterface({ input: process.stdin })) {
  const { assertion, key, rule } = JSON.parse(line);
  let verdict;
  try {
    const response = JSON.parse(assertion);
    const { verified } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: rule.challenge,
      expectedOrigin: rule.origins,
      expectedRPID: rule.rpId,
      credential: { id: response.id, publicKey: Buffer.from(key, "base64url"), counter: 0 },
      requireUserVerification: rule.uv,
    });
    verdict = verified ? { ok: true } : { ok: false, error: "signature" };
  } catch (e) {
    verdict = { ok: false, error: String(e.message ?? e) };
  }
  process.stdout.write(JSON.stringify(verdict) + "\n");
}
