package flow

// SignedBy is what the oracle's Signed is compared with.
var SignedBy = signedBy
