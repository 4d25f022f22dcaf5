// Package zerodev mounts passkey servers where the unmodified client
// toWebAuthnKey({ mode, passkeyName, passkeyServerUrl, passkeyServerHeaders }) of
// @zerodev/webauthn-key 5.5.0 looks for them, so that an application changes nothing but
// passkeyServerUrl.
//
// Start with New. Below the path at which the Handler is mounted, these are values for
// passkeyServerUrl:
//
//	(the mount itself), /api/v3, /api/v4            the plain routes, if Config.Plain is set
//	/api/v3/{project}, /api/v4/{project}            a project of Config.Projects
//
// Each has register/options, register/verify, login/options and login/verify; what they
// take and answer stands in package relyingparty, which does the work.
//
// Promised: everything that relyingparty promises; a project's check sees the
// passkeyServerHeaders of every request before anything else is done; pages can send the
// listed headers and no others; a challenge is good in the project that issued it only;
// every refusal, also that of a project which does not exist, is JSON in the shape of its
// route, so that the client reads "not verified".
//
// Not promised: that the client's own words help. When options are refused it fails with
// a TypeError about an undefined member; the reason stands in the reply and in the log.
// A header that a page sends is known to everybody who opens the page: it says which
// application asks, not who.
package zerodev
