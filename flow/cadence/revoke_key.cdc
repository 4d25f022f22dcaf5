// Revokes a key of the authorizer's account, for good.
transaction(keyIndex: Int) {
    prepare(signer: auth(RevokeKey) &Account) {
        signer.keys.revoke(keyIndex: keyIndex) ?? panic("the account has no such key")
    }
}
