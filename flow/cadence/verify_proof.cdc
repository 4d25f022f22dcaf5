// Whether keys of an account have signed, with weights of 1000 together. For a passkey, `signedData` is
// authenticatorData ‖ SHA-256(clientDataJSON) and `tags` is empty: that the client data are of the right message is for
// the caller to see.
access(all) fun main(address: Address, keyIndices: [Int], signatures: [String], signedData: [String], tags: [String]): Bool {
    let keys = getAccount(address).keys
    let seen: {Int: Bool} = {}
    var weight = 0.0
    var i = 0
    while i < keyIndices.length {
        let index = keyIndices[i]
        if seen[index] != nil {
            return false
        }
        seen[index] = true
        let key = keys.get(keyIndex: index)
        if key == nil || key!.isRevoked {
            return false
        }
        if !key!.publicKey.verify(
            signature: signatures[i].decodeHex(),
            signedData: signedData[i].decodeHex(),
            domainSeparationTag: tags[i],
            hashAlgorithm: key!.hashAlgorithm
        ) {
            return false
        }
        weight = weight + key!.weight
        i = i + 1
    }
    return weight >= 1000.0
}
