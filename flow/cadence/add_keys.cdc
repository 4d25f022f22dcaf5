// Adds the given keys to the authorizer's account.
transaction(publicKeys: [String], signatureAlgorithms: [UInt8], hashAlgorithms: [UInt8], weights: [UFix64]) {
    prepare(signer: auth(AddKey) &Account) {
        var i = 0
        while i < publicKeys.length {
            signer.keys.add(
                publicKey: PublicKey(
                    publicKey: publicKeys[i].decodeHex(),
                    signatureAlgorithm: SignatureAlgorithm(rawValue: signatureAlgorithms[i])!
                ),
                hashAlgorithm: HashAlgorithm(rawValue: hashAlgorithms[i])!,
                weight: weights[i]
            )
            i = i + 1
        }
    }
}
