// Package approval is the document that goes from the owner of a Kernel account
// to a session key.
package approval
