package postgrestest

import "syscall"

// endWithUs ends a server whose test was killed before it could end it.
func endWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGINT }
