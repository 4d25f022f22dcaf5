// usage: node gen.mjs > kernel-encodings.json
import * as P from "@zerodev/permissions/policies"
import * as C from "@zerodev/permissions"
import { parseAbiItem, keccak256, encodeFunctionData, getAddress } from "viem"
let s = 12345n
const rnd = n => { s = (s * 6364136223846793005n + 1442695040888963407n) & ((1n<<64n)-1n); return Number((s >> 33n) % BigInt(n)) }
const hex = n => "0x" + Array.from({length:n}, () => rnd(256).toString(16).padStart(2,"0")).join("")
const addr = () => getAddress(hex(20))
const num = bits => { let v = 0n; const b = 1 + rnd(bits); for (let i=0;i<b;i++) v = v*2n + BigInt(rnd(2)); return v }
const flags = ["0x0000","0x0001","0x0002"]
const out = { generator: "@zerodev/permissions 5.6.3", policies: [], functions: [] }
const big = (k, v) => typeof v === "bigint" ? v.toString() : v
function push(p) {
  out.policies.push({ params: p.policyParams, info: p.getPolicyInfoInBytes(), data: p.getPolicyData() })
}
const versions = ["0.0.1","0.0.2","0.0.3","0.0.4","0.0.5"]
for (let i = 0; i < 60; i++) {
  const v = versions[i % 5]
  const permissions = Array.from({length: i < 5 ? 0 : rnd(4)+ (i%3)}, () => ({
    callType: ["0x00","0x01","0xff"][rnd(3)], target: rnd(4) ? addr() : "0x0000000000000000000000000000000000000000",
    selector: hex(4), valueLimit: num(256),
    rules: Array.from({length: rnd(4)}, () => {
      const condition = rnd(v === "0.0.1" ? 6 : v === "0.0.5" ? 8 : 7)
      const n = v === "0.0.1" ? 0 : condition === 6 ? rnd(5) : condition === 7 ? 3 : 1
      return { condition, offset: 32*rnd(20), params: v === "0.0.1" ? hex(32) : Array.from({length:n}, () => hex(32)) }
    })
  }))
  push(P.toCallPolicy({ policyVersion: v, policyFlag: flags[rnd(3)], permissions }))
}
for (let i = 0; i < 20; i++) push(P.toGasPolicy({ policyFlag: flags[rnd(3)], allowed: num(128), enforcePaymaster: !!rnd(2), allowedPaymaster: addr() }))
push(P.toGasPolicy({ enforcePaymaster: true }))
for (let i = 0; i < 20; i++) push(P.toTimestampPolicy({ policyFlag: flags[rnd(3)], validAfter: Number(num(48)), validUntil: Number(num(48)) }))
for (let i = 0; i < 20; i++) push(P.toRateLimitPolicy({ policyFlag: flags[rnd(3)], interval: Number(num(48)), count: Number(num(48)), startAt: Number(num(48)) }))
for (let i = 0; i < 10; i++) push(P.toRateLimitPolicy({ policyAddress: C.RATE_LIMIT_POLICY_WITH_RESET_CONTRACT, policyFlag: flags[rnd(3)], interval: Number(num(48)), count: Number(num(48)) }))
for (let i = 0; i < 10; i++) push(P.toSignatureCallerPolicy({ policyFlag: flags[rnd(3)], allowedCallers: Array.from({length:i}, addr) }))
push(P.toSudoPolicy({})); push(P.toSudoPolicy({ policyFlag: "0x0002" }))
// rules made from an ABI: sig, our expression, the SDK's selector and rules
const A = "0x00000000000000000000000000000000DeaDBeef", B = "0x000000000000000000000000000000000000c0Fe"
const H = "0x" + "ab".repeat(32)
const fn = (sig, where, args) => {
  const p = P.toCallPolicy({ policyVersion: "0.0.5", permissions: [{ target: A, abi: [parseAbiItem("function " + sig)], functionName: sig.split("(")[0], args }] })
  const q = p.policyParams.permissions[0]
  out.functions.push({ expression: sig + (where ? " where " + where : ""), selector: q.selector, rules: q.rules })
}
fn("transfer(address to, uint256 amount)", "", undefined)
fn("transfer(address to, uint256 amount)", "amount <= 100", [null, {condition:4, value:100n}])
fn("transfer(address to, uint256 amount)", `to in [${A}, ${B}] and amount < 1_000`, [{condition:6, value:[A,B]},{condition:2, value:1000n}])
fn("approve(address spender, uint256 amount)", `spender = ${A} and amount > 0x10`, [{condition:0, value:A},{condition:1, value:16n}])
fn("vote(uint8 kind, bool yes)", "kind >= 3 and yes = true", [{condition:3, value:3},{condition:0, value:true}])
fn("set(bytes32 key, uint256 v)", `key != ${H}`, [{condition:5, value:H}, null])
fn("post(uint256 id, string text)", `text[0:5] = "hello"`, [null, {condition:7, value:"hello", start:0, length:5}])
fn("run(bytes data, uint256 x)", "data[4:8] = 0xdeadbeef", [{condition:7, value:"0xdeadbeef", start:4, length:4}, null])
fn("swap((address a, bytes b) p, uint256[] path, uint256 min)", "min >= 5", [null, null, {condition:3, value:5n}])
fn("nothing()", "", undefined)
// what the SDK makes of a bytes4 and behind a static tuple: kept to show where ours differs on purpose
out.differs = []
for (const [sig, args] of [["f(bytes4 tag)", [{condition:0, value:"0x12345678"}]], ["g((uint256 a, uint256 b) p, uint256 x)", [null,{condition:0,value:7n}]]]) {
  const p = P.toCallPolicy({ policyVersion: "0.0.5", permissions: [{ target: A, abi: [parseAbiItem("function " + sig)], functionName: sig.split("(")[0], args }] })
  out.differs.push({ function: sig, rules: p.policyParams.permissions[0].rules })
}
console.log(JSON.stringify(out, big, 1))
