// Package browsertest runs the unmodified @zerodev/webauthn-key 5.5.0, as npm installs it in
// interop/js, in Chromium with virtual authenticators against package zerodev. It has only
// tests. Without Chromium or the npm packages they are skipped; with CI set in the
// environment they fail instead.
package browsertest
