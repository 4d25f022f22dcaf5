package main

func upCommand() command   { return command{name: "up", summary: "start chain, bundler, passkey server and wallet page"} }
func demoCommand() command { return command{name: "demo", summary: "walk every journey without a browser"} }
func opCommand() command   { return command{name: "op", summary: "build, hash, estimate, send and await an operation"} }
func keyCommand() command  { return command{name: "key", summary: "make or show a development key"} }
