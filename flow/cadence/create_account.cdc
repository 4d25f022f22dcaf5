// Creates an account with the given keys. The authorizer pays for it.
transaction(publicKeys: [String], signatureAlgorithms: [UInt8], hashAlgorithms: [UInt8], weights: [UFix64]) {
    prepare(payer: auth(BorrowValue) &Account) {
        let account = Account(payer: payer)
        var i = 0
        while i < publicKeys.length {
            account.keys.add(
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
